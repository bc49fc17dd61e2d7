/** The keys of one sandbox, zeroed whenever they are dropped: too old, replaced, least recently used, or flushed. */
import type { TenantId } from '../../tenant/tenant-id.ts';
import { ageMs, type Clock, type Instant, instantOf } from './key-age.ts';
import type { KeptMaterial } from './kept-material.ts';

export interface KeptKey {
  readonly tenantId: TenantId;
  /** The KEK that it is under. */
  readonly kekArn: string;
  readonly material: KeptMaterial;
  /** When KMS was asked for it; the key may have been disabled any time since. */
  readonly askedAt: Instant;
  readonly maxAgeMs: number;
  readonly kmsRequestId: string | undefined;
  /** What its DEK has protected so far. */
  messages: number;
  bytes: number;
}

export class KeptKeys {
  /** Least recently used first. */
  readonly #keys = new Map<string, KeptKey>();
  readonly #maxKeys: number;
  readonly #clock: Clock;
  #sweptAt: Instant;

  constructor(maxKeys: number, clock: Clock) {
    this.#maxKeys = maxKeys;
    this.#clock = clock;
    this.#sweptAt = instantOf(clock);
  }

  /** The key, unless it is too old, which drops it. */
  get(id: string): KeptKey | undefined {
    const key = this.#keys.get(id);
    if (key === undefined) return undefined;
    if (isTooOld(key, this.#clock)) return this.drop(id);
    this.#keys.delete(id);
    this.#keys.set(id, key);
    return key;
  }

  /** Takes the place of a key of that id. Drops keys that nobody asked for since they are too old. */
  keep(id: string, key: KeptKey): void {
    this.drop(id);
    this.#keys.set(id, key);
    if (ageMs(this.#sweptAt, this.#clock) >= SWEEP_MS) this.#sweep();
    const [oldest] = this.#keys.keys();
    if (this.#keys.size > this.#maxKeys && oldest !== undefined) this.drop(oldest);
  }

  drop(id: string): undefined {
    this.#keys.get(id)?.material.zero();
    this.#keys.delete(id);
  }

  /** All of the tenant's keys, or those under one of its KEKs. Returns how many there were. */
  dropTenant(tenantId: TenantId, kekArn?: string): number {
    const before = this.#keys.size;
    for (const [id, key] of this.#keys)
      if (key.tenantId === tenantId && (kekArn === undefined || key.kekArn === kekArn)) this.drop(id);
    return before - this.#keys.size;
  }

  #sweep(): void {
    this.#sweptAt = instantOf(this.#clock);
    const { wallMs, monotonicMs } = this.#sweptAt;
    const now: Clock = { wallMs: () => wallMs, monotonicMs: () => monotonicMs };
    for (const [id, kept] of this.#keys) if (isTooOld(kept, now)) this.drop(id);
  }
}

/** Looking at every key takes time; no key is used later for being zeroed later. */
const SWEEP_MS = 1_000;

function isTooOld({ askedAt, maxAgeMs }: KeptKey, clock: Clock): boolean {
  return ageMs(askedAt, clock) >= maxAgeMs;
}
