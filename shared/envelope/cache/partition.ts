/**
 * One tenant's part of the materials cache, bound to one KEK and one epoch. Once the tenant's keys are flushed, the
 * partition finds nothing and keeps nothing. So a load that began before a flush cannot bring a key back.
 */
import type { Tenant } from '../../tenant/tenant.ts';
import type { Period } from './epochs.ts';
import { ageMs, type Clock, instantOf } from './key-age.ts';
import type { KeptKey, KeptKeys } from './kept-keys.ts';
import type { CachedKey, FetchedKey, ObtainedKey, WantedKey, Zeroable } from './obtained-key.ts';

export type PartitionTenant = Pick<
  Tenant,
  'tenantId' | 'kekArn' | 'isolation' | 'epoch' | 'maxKeyAgeSeconds'
>;

/** A `flush` dropped so many `keys`, because the tenant's epoch changed or KMS refused its key. */
export type CacheEvent =
  | { readonly name: 'hit'; readonly keyAgeMs: number }
  | { readonly name: 'miss' }
  | { readonly name: 'flush'; readonly keys: number };

/** The means that all partitions of one sandbox share. A dedicated tenant has `keys` of its own. */
export interface Sandbox {
  readonly keys: KeptKeys;
  readonly clock: Clock;
  readonly maxMessages: number;
  readonly maxBytes: number;
  readonly onEvent: (event: CacheEvent) => void;
}

/** 4 MiB/s. A slower message may outlive the key that it got from the cache. */
const MIN_BYTES_PER_MS = 4_194;

/** A key in the last fifth of its age is loaded anew for the messages to come. */
const REFRESH_FROM = 0.8;

export class Partition {
  readonly #tenant: PartitionTenant;
  readonly #period: Period;
  readonly #sandbox: Sandbox;

  constructor(tenant: PartitionTenant, period: Period, sandbox: Sandbox) {
    this.#tenant = tenant;
    this.#period = period;
    this.#sandbox = sandbox;
  }

  /**
   * Finds the key in the cache, or else fetches it, once for all messages that want it at the same time. Throws what
   * the fetch throws.
   */
  async obtain<Material extends Zeroable>(wanted: WantedKey<Material>): Promise<ObtainedKey<Material>> {
    const obtained = this.#find(wanted) ?? (await this.#loadOnce(wanted));
    if (obtained !== undefined) return obtained;
    // The key that another message loaded may be gone already, or worn out. This message does not wait a second time.
    return this.#find(wanted) ?? (await this.#load(wanted));
  }

  #find<Material extends Zeroable>(wanted: WantedKey<Material>): ObtainedKey<Material> | undefined {
    const kept = this.#usable(wanted);
    const material = kept === undefined ? undefined : wanted.kind.cloneOf(kept.material);
    if (kept === undefined || material === undefined) return this.#miss(wanted.name);
    kept.messages += 1;
    kept.bytes += wanted.bytes ?? 0;
    const cached = this.#cached(kept, wanted);
    this.#sandbox.onEvent({ name: 'hit', keyAgeMs: cached.ageMs });
    if (cached.ageMs >= REFRESH_FROM * this.#maxAgeMs(kept)) this.#refresh(wanted);
    return { material, kmsRequestId: kept.kmsRequestId, cached };
  }

  /** Returns the key unless the message would outlive it, or wear it out. */
  #usable<Material>({ name, kind, bytes = 0 }: WantedKey<Material>): KeptKey | undefined {
    if (this.#period.isOver()) return undefined;
    const kept = this.#sandbox.keys.get(this.#id(name));
    if (kept === undefined) return undefined;
    const endsAtMs = this.#ageMs(kept) + bytes / MIN_BYTES_PER_MS;
    if (endsAtMs >= this.#maxAgeMs(kept)) return undefined;
    return kind.encrypts && this.#wearsOut(kept, bytes) ? undefined : kept;
  }

  #miss(name: string): undefined {
    if (!this.#period.isOver()) this.#sandbox.keys.drop(this.#id(name));
    this.#sandbox.onEvent({ name: 'miss' });
  }

  #cached<Material extends Zeroable>(kept: KeptKey, wanted: WantedKey<Material>): CachedKey {
    return {
      ageMs: this.#ageMs(kept),
      state: () => this.#stateOf(kept),
      renew: wanted.kind.encrypts ? undefined : async () => await this.#renew(wanted),
    };
  }

  /**
   * Loads the key anew in the background. No message waits for it, and no failure is told: the next message that finds
   * the key expired or flushed meets the failure itself.
   */
  #refresh<Material extends Zeroable>(wanted: WantedKey<Material>): void {
    this.#renew(wanted).catch(() => undefined);
  }

  async #renew<Material extends Zeroable>(wanted: WantedKey<Material>): Promise<void> {
    const fetched = await this.#loadOnce(wanted);
    fetched?.material.zeroUnencryptedDataKey();
  }

  async #loadOnce<Material>(wanted: WantedKey<Material>): Promise<FetchedKey<Material> | undefined> {
    return await this.#period.loads.once(this.#id(wanted.name), async () => await this.#load(wanted));
  }

  /** Fetches the key and keeps a copy. The key's age counts from before KMS was asked. */
  async #load<Material>({
    name,
    kind,
    bytes = 0,
    fetch,
  }: WantedKey<Material>): Promise<FetchedKey<Material>> {
    const askedAt = instantOf(this.#sandbox.clock);
    const fetched = await fetch();
    if (this.#period.isOver() || bytes > this.#sandbox.maxBytes) return fetched;
    const { tenantId, kekArn, maxKeyAgeSeconds } = this.#tenant;
    this.#sandbox.keys.keep(this.#id(name), {
      tenantId,
      kekArn,
      material: kind.keep(fetched.material),
      askedAt,
      maxAgeMs: maxKeyAgeSeconds * 1_000,
      kmsRequestId: fetched.kmsRequestId,
      messages: 1,
      bytes,
    });
    return fetched;
  }

  #id(name: string): string {
    return JSON.stringify([this.#tenant.tenantId, this.#tenant.kekArn, name]);
  }

  #stateOf(kept: KeptKey): 'usable' | 'expired' | 'flushed' {
    if (this.#period.isOver()) return 'flushed';
    return this.#ageMs(kept) < this.#maxAgeMs(kept) ? 'usable' : 'expired';
  }

  #wearsOut({ messages, bytes }: KeptKey, moreBytes: number): boolean {
    return messages >= this.#sandbox.maxMessages || bytes + moreBytes > this.#sandbox.maxBytes;
  }

  #ageMs({ askedAt }: KeptKey): number {
    return ageMs(askedAt, this.#sandbox.clock);
  }

  /** The tenant's limit may have been lowered since the key was kept. */
  #maxAgeMs({ maxAgeMs }: KeptKey): number {
    return Math.min(maxAgeMs, this.#tenant.maxKeyAgeSeconds * 1_000);
  }
}
