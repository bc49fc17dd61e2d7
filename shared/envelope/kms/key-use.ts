/**
 * The record of one use of a tenant's key. It ties the use to one object and chunk; the tenant's CloudTrail cannot when
 * one DEK serves many messages. Nothing in it is secret. There is one record for each message. So the number of records
 * with one `kmsRequestId` (one DEK, or one load of a branch key) or one `branchKeyVersion` says how often a key was
 * used.
 */
import type { KeyMode } from '../../tenant/tenant.ts';
import type { TenantId } from '../../tenant/tenant-id.ts';

export interface KeyUse {
  readonly tenantId: TenantId;
  readonly kekArn: string;
  readonly keyMode: KeyMode;
  /** The version of the branch key that wraps the DEK, a UUID. Absent when the KEK wraps the DEK. */
  readonly branchKeyVersion?: string;
  readonly operation: 'encrypt' | 'decrypt';
  readonly objectId: string;
  /** Absent for the sealed part of a manifest. */
  readonly chunkIndex?: number;
  /** True when the DEK (or the branch key, if there is one) was in the cache; false when KMS was asked for it. */
  readonly cached: boolean;
  /**
   * Age of that key when the message began, counted from before KMS was asked for it. 0 when the message fetched it.
   */
  readonly keyAgeMs: number;
  /** The id of the call of KMS that the key came from. */
  readonly kmsRequestId?: string;
  /** The tenant's epoch in which the DEK was taken. */
  readonly epoch: number;
  /** ISO 8601, UTC, to the millisecond. */
  readonly startedAt: string;
  readonly endedAt: string;
}
