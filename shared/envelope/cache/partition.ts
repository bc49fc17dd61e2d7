/**
 * One tenant's part of the materials cache, in the shape of the Encryption SDK's caches. It is bound to one KEK and
 * one epoch: once the tenant's keys were flushed it finds nothing and keeps nothing, so that a load which began before
 * a flush cannot bring a key back.
 */
import type { NodeDecryptionMaterial, NodeEncryptionMaterial } from '@aws-crypto/client-node';
import type { Tenant } from '../../tenant/tenant.ts';
import { ageMs, type Clock, type Instant, instantOf } from './key-age.ts';
import type { KeptKey, KeptKeys } from './kept-keys.ts';
import {
  type BranchKeyMaterial,
  keepBranchKey,
  keepDecryption,
  keepEncryption,
  type KeptMaterial,
  type SdkCache,
} from './kept-material.ts';

export type PartitionTenant = Pick<
  Tenant,
  'tenantId' | 'kekArn' | 'isolation' | 'epoch' | 'maxKeyAgeSeconds'
>;

/** `flush`: how many keys were dropped because the tenant's epoch changed or KMS refused its key. */
export type CacheEvent =
  | { readonly name: 'hit'; readonly keyAgeMs: number }
  | { readonly name: 'miss' }
  | { readonly name: 'flush'; readonly keys: number };

/** What the partitions of a sandbox have in common, but for the keys of dedicated tenants. */
export interface Sandbox {
  readonly keys: KeptKeys;
  readonly clock: Clock;
  readonly maxMessages: number;
  readonly maxBytes: number;
  readonly onEvent: (event: CacheEvent) => void;
}

/** A KEK of a tenant between two flushes. */
export interface Period {
  /** The loads under way; one that began before a flush is joined by nobody after it. */
  readonly loads: Map<string, Promise<unknown>>;
  readonly isOver: () => boolean;
}

/** A key that was found, and a clone of its material. */
export interface Found<Material> {
  readonly response: Material;
  /** When KMS was asked for it: milliseconds since 1970. */
  readonly now: number;
  readonly keyAgeMs: number;
  readonly kmsRequestId: string | undefined;
  /** In the last fifth of its age: time to load the next one. */
  readonly refreshDue: boolean;
  /** Whether a message may go on with it. What is not usable never is again. */
  readonly state: () => 'usable' | 'expired' | 'flushed';
  readonly messagesEncrypted: number;
  readonly bytesEncrypted: number;
}

interface Put {
  readonly bytes?: number;
  readonly maxAgeMs?: number | undefined;
  readonly kmsRequestId?: string | undefined;
}

/** 4 MiB/s. A message that is slower may outlive a key it got from the cache. */
const MIN_BYTES_PER_MS = 4_194;

const REFRESH_FROM = 0.8;

export class Partition implements SdkCache {
  readonly #tenant: PartitionTenant;
  readonly #period: Period;
  readonly #sandbox: Sandbox;
  readonly #madeAt: Instant;
  /** When the load of a key began: its age counts from before KMS was asked. */
  readonly #askedAt = new Map<string, Instant>();

  constructor(tenant: PartitionTenant, period: Period, sandbox: Sandbox) {
    this.#tenant = tenant;
    this.#period = period;
    this.#sandbox = sandbox;
    this.#madeAt = instantOf(sandbox.clock);
  }

  /** Counts the message. Finds nothing where it would wear the DEK out, or outlive it. */
  getEncryptionMaterial(key: string, plaintextLength: number): Found<NodeEncryptionMaterial> | false {
    const kept = this.#get(key, plaintextLength / MIN_BYTES_PER_MS);
    if (kept?.material.kind !== 'encryption' || this.#wearsOut(kept, plaintextLength)) return this.#miss(key);
    kept.messages += 1;
    kept.bytes += plaintextLength;
    return this.#found(kept, kept.material.clone());
  }

  getDecryptionMaterial(key: string): Found<NodeDecryptionMaterial> | false {
    const kept = this.#get(key);
    if (kept?.material.kind !== 'decryption') return this.#miss(key);
    return this.#found(kept, kept.material.clone());
  }

  getBranchKeyMaterial(key: string): Found<BranchKeyMaterial> | false {
    const kept = this.#get(key);
    if (kept?.material.kind !== 'branch key') return this.#miss(key);
    return this.#found(kept, kept.material.clone());
  }

  /** `bytes`: of the message that the DEK was generated for. The material stays the caller's, here and below. */
  putEncryptionMaterial(
    key: string,
    material: NodeEncryptionMaterial,
    bytes: number,
    maxAgeMs?: number,
    kmsRequestId?: string,
  ): void {
    if (bytes > this.#sandbox.maxBytes) return;
    this.#put(key, () => keepEncryption(material), { bytes, maxAgeMs, kmsRequestId });
  }

  putDecryptionMaterial(
    key: string,
    material: NodeDecryptionMaterial,
    maxAgeMs?: number,
    kmsRequestId?: string,
  ): void {
    this.#put(key, () => keepDecryption(material), { maxAgeMs, kmsRequestId });
  }

  putBranchKeyMaterial(
    key: string,
    material: BranchKeyMaterial,
    maxAgeMs?: number,
    kmsRequestId?: string,
  ): void {
    this.#put(key, () => keepBranchKey(material), { maxAgeMs, kmsRequestId });
  }

  del(key: string): void {
    this.#sandbox.keys.drop(this.#id(key));
  }

  /** Runs `load`, unless one of that key is under way: then waits for that one, shares its failure, gives undefined. */
  async once<Loaded>(key: string, load: () => Promise<Loaded>): Promise<Loaded | undefined> {
    const { loads } = this.#period;
    const underWay = loads.get(this.#id(key));
    if (underWay !== undefined) {
      await underWay;
      return undefined;
    }
    this.#askedAt.set(key, instantOf(this.#sandbox.clock));
    const loading = load().finally(() => loads.delete(this.#id(key)));
    loads.set(this.#id(key), loading);
    return await loading;
  }

  #id(key: string): string {
    return JSON.stringify([this.#tenant.tenantId, this.#tenant.kekArn, key]);
  }

  /** A key that may be used for so long. */
  #get(key: string, forMs = 0): KeptKey | undefined {
    if (this.#period.isOver()) return undefined;
    const kept = this.#sandbox.keys.get(this.#id(key));
    return kept !== undefined && this.#ageMs(kept) + forMs < this.#maxAgeMs(kept) ? kept : undefined;
  }

  #miss(key: string): false {
    if (!this.#period.isOver()) this.del(key);
    if (!this.#askedAt.has(key)) this.#askedAt.set(key, instantOf(this.#sandbox.clock));
    this.#sandbox.onEvent({ name: 'miss' });
    return false;
  }

  #found<Material>(kept: KeptKey, response: Material): Found<Material> {
    const keyAgeMs = this.#ageMs(kept);
    const { kmsRequestId, askedAt, messages, bytes } = kept;
    this.#sandbox.onEvent({ name: 'hit', keyAgeMs });
    return {
      response,
      now: askedAt.wallMs,
      keyAgeMs,
      kmsRequestId,
      refreshDue: keyAgeMs >= REFRESH_FROM * this.#maxAgeMs(kept),
      state: () => this.#stateOf(kept),
      messagesEncrypted: messages,
      bytesEncrypted: bytes,
    };
  }

  #put(key: string, keep: () => KeptMaterial, { bytes = 0, maxAgeMs, kmsRequestId }: Put): void {
    const askedAt = this.#askedAt.get(key) ?? this.#madeAt;
    this.#askedAt.delete(key);
    if (this.#period.isOver()) return;
    const { tenantId, kekArn, maxKeyAgeSeconds } = this.#tenant;
    const limitMs = Math.min(maxKeyAgeSeconds * 1_000, maxAgeMs ?? Number.POSITIVE_INFINITY);
    const kept = {
      tenantId,
      kekArn,
      material: keep(),
      askedAt,
      maxAgeMs: limitMs,
      kmsRequestId,
      messages: 1,
      bytes,
    };
    this.#sandbox.keys.keep(this.#id(key), kept);
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
