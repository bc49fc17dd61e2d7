/** What is remembered of the tenants: their records, what was heard of their keys, how far their removal has come. */
import type { KeySignal } from '../tenant/key-signal.ts';
import type { ProbeCiphertext, Tenant } from '../tenant/tenant.ts';
import type { Removal } from '../tenant/removal.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

/** Where removals are kept. Implemented by aws/dynamo-removals.ts. */
export interface Removals {
  /** Strongly consistent. */
  read(tenantId: TenantId): Promise<Removal | undefined>;
  write(removal: Removal): Promise<void>;
}

/** The tenants' records, and who holds which key. */
export interface Tenants {
  /**
   * Strongly consistent.
   * @throws TenantInvalidError when the record does not parse, or names another tenant
   */
  tenant(tenantId: TenantId, signal?: AbortSignal): Promise<Tenant | undefined>;
  /**
   * Every registered tenant, in order of id, page by page; memory is flat in their number.
   * @throws TenantInvalidError after the last of them, naming the rows that are no tenant's
   */
  all(): AsyncIterable<Tenant>;
  /** The tenants who have, or had, this KEK or replica, by its full ARN. Throws as `all` does. */
  ofKek(kekArn: string): AsyncIterable<Tenant>;
  /** Stores a new tenant; false when one of that id is registered already. */
  register(tenant: Tenant): Promise<boolean>;
  /** Writes `next`'s status, epoch and signal over `read`'s; false when one of them has changed since it was read. */
  replace(read: Tenant, next: Tenant): Promise<boolean>;
  /** Writes the probes' ciphertexts into the record; false when status, epoch or signal have changed since it was read. */
  keepProbeCiphertexts(read: Tenant, made: readonly ProbeCiphertext[]): Promise<boolean>;
  /** As `replace`, but writes the whole record, and who holds which KEK. Precondition: `next` has another epoch. */
  rewrite(read: Tenant, next: Tenant): Promise<boolean>;
  /**
   * Deletes all that says there is such a tenant: its record, its entries, who holds which KEK, how far its removal has
   * come. False when the record has changed since it was read.
   */
  forget(read: Tenant): Promise<boolean>;
}

/** When we last heard of a key: that its events reach us. */
export interface Hearings {
  /** Writes at most once an hour. */
  note(kekArn: string, at: Date): Promise<void>;
  /** ISO 8601, UTC, up to an hour early. */
  last(kekArn: string): Promise<string | undefined>;
  /** Keeps for a day what was heard of a key, whether or not anybody holds it; of each name the newest. Idempotent. */
  remember(signal: KeySignal & { readonly kekArn: string }): Promise<void>;
  /** What is remembered of a key, in no order. Strongly consistent. */
  signals(kekArn: string): Promise<readonly KeySignal[]>;
}
