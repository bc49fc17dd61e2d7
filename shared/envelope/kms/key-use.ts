/**
 * The record of one use of a tenant's key: what ties it to one object and chunk where the tenant's CloudTrail cannot,
 * because one DEK served many messages. Nothing in it is secret. There is one record for each message, so counting them
 * by `kmsRequestId` (one DEK, or one load of a branch key) and `branchKeyVersion` says how often each key was used.
 */
import type { KeyMode } from '../../tenant/tenant.ts';
import type { TenantId } from '../../tenant/tenant-id.ts';

export interface KeyUse {
  readonly tenantId: TenantId;
  readonly kekArn: string;
  readonly keyMode: KeyMode;
  /** Of the branch key that wraps the DEK, a UUID. Absent where the KEK wraps it. */
  readonly branchKeyVersion?: string;
  readonly operation: 'encrypt' | 'decrypt';
  readonly objectId: string;
  /** Absent for the sealed part of a manifest. */
  readonly chunkIndex?: number;
  /** Whether the DEK, or the branch key where there is one, was in the cache; otherwise KMS was asked for it. */
  readonly cached: boolean;
  /** How old that key was when the message began, counted from before KMS was asked for it. 0 when it was fetched. */
  readonly keyAgeMs: number;
  /** Of the call of KMS that that key came from. */
  readonly kmsRequestId?: string;
  /** The tenant's, under which the DEK was taken. */
  readonly epoch: number;
  /** ISO 8601, UTC, to the millisecond. */
  readonly startedAt: string;
  readonly endedAt: string;
}
