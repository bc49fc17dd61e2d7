/**
 * The control plane's memory of the tenants: their records, what was heard of their keys, how far their removal has
 * come. README.md says what is true of every port.
 */
import type { KeySignal } from '../tenant/key-signal.ts';
import type { ProbeCiphertext, Tenant } from '../tenant/tenant.ts';
import type { Removal } from '../tenant/removal.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

/** The removals of tenants. */
export interface Removals {
  /**
   * Reads strongly consistent.
   * @throws TenantInvalidError when the row is no removal of this tenant
   */
  read(tenantId: TenantId): Promise<Removal | undefined>;
  write(removal: Removal): Promise<void>;
}

/** The tenants' records, and who holds which key. */
export interface Tenants {
  /**
   * Reads strongly consistent.
   * @throws TenantInvalidError when the record does not parse, or names another tenant
   */
  tenant(tenantId: TenantId, signal?: AbortSignal): Promise<Tenant | undefined>;
  /**
   * Reads every registered tenant, in order of id, page by page. Memory does not grow with their number.
   * @throws TenantInvalidError after the last of them, naming the rows that are no tenant's
   */
  all(): AsyncIterable<Tenant>;
  /** Reads the tenants who have, or had, this KEK or replica, by its full ARN. Throws as `all` does. */
  ofKek(kekArn: string): AsyncIterable<Tenant>;
  /** Stores a new tenant. Returns false when one of that id is registered already. */
  register(tenant: Tenant): Promise<boolean>;
  /**
   * Writes `next`'s status, epoch and signal over `read`'s. Returns false when one of them has changed since it was
   * read.
   */
  replace(read: Tenant, next: Tenant): Promise<boolean>;
  /**
   * Writes the probes' ciphertexts into the record. Returns false when status, epoch or signal have changed since it
   * was read.
   */
  keepProbeCiphertexts(read: Tenant, made: readonly ProbeCiphertext[]): Promise<boolean>;
  /**
   * Does as `replace`, but writes the whole record, and who holds which KEK. Precondition: `next` has another epoch.
   */
  rewrite(read: Tenant, next: Tenant): Promise<boolean>;
  /**
   * Deletes everything that says there is such a tenant: its record, its entries, who holds which KEK, how far its
   * removal has come. Returns false when the record has changed since it was read.
   */
  forget(read: Tenant): Promise<boolean>;
}

/** The signals that were heard of keys. That there is one shows that the key's events reach us. */
export interface Hearings {
  /** Notes that the key was heard of. Writes at most once an hour. */
  note(kekArn: string, at: Date): Promise<void>;
  /** Returns the time when the key was heard of last, ISO 8601, UTC, up to an hour early. */
  last(kekArn: string): Promise<string | undefined>;
  /**
   * Keeps for a day what was heard of a key, whether or not anybody holds it. Of each name only the newest is kept.
   * Idempotent.
   */
  remember(keySignal: KeySignal & { readonly kekArn: string }): Promise<void>;
  /**
   * Reads what is remembered of a key, in no order, strongly consistent.
   * @throws TenantInvalidError when a row is no signal of that key
   */
  signals(kekArn: string): Promise<readonly KeySignal[]>;
}
