/**
 * Keeps the keys of one sandbox. A dropped key is zeroed: one that is too old, replaced, least recently used, or
 * flushed.
 */
import type { TenantId } from '../../tenant/tenant-id.ts';
import { ageMs, type Clock, type Instant, instantOf } from './key-age.ts';
import type { KeptMaterial } from './kept-material.ts';

export interface KeptKey {
  readonly tenantId: TenantId;
  /** The ARN of the KEK that it is under. */
  readonly kekArn: string;
  readonly material: KeptMaterial;
  /** The time when KMS was asked for it. The KEK may have been disabled at any time since. */
  readonly askedAt: Instant;
  readonly maxAgeMs: number;
  readonly kmsRequestId: string | undefined;
  /** Messages that the DEK has protected so far. */
  messages: number;
  /** Bytes of plaintext that the DEK has protected so far. */
  bytes: number;
}

export class KeptKeys {
  /** The keys by id, the least recently used first. */
  readonly #keys = new Map<string, KeptKey>();
  readonly #maxKeys: number;
  readonly #clock: Clock;
  #sweptAt: Instant;

  constructor(maxKeys: number, clock: Clock) {
    this.#maxKeys = maxKeys;
    this.#clock = clock;
    this.#sweptAt = instantOf(clock);
  }

  /** Returns the key. Drops it and returns undefined when it is too old. */
  get(id: string): KeptKey | undefined {
    const key = this.#keys.get(id);
    if (key === undefined) return undefined;
    if (isTooOld(key, this.#clock)) return this.drop(id);
    this.#keys.delete(id);
    this.#keys.set(id, key);
    return key;
  }

  /**
   * Keeps the key in place of an earlier one of that id. Drops keys that grew too old and that nobody asked for since.
   */
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

  /** Drops all keys of the tenant, or those under one of its KEKs. Returns how many there were. */
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

/** The sweep looks at every key, which takes time. It may come late: `get` never returns a key that is too old. */
const SWEEP_MS = 1_000;

function isTooOld({ askedAt, maxAgeMs }: KeptKey, clock: Clock): boolean {
  return ageMs(askedAt, clock) >= maxAgeMs;
}
