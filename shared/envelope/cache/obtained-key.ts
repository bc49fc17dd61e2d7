/** A key that a message wants, and the same key as the message obtains it: fetched from KMS, or found in the cache. */
import type { MaterialKind } from './kept-material.ts';

export interface Zeroable {
  zeroUnencryptedDataKey(): unknown;
}

/** A key that many messages use. */
export interface WantedKey<Material> {
  readonly name: string;
  readonly kind: MaterialKind<Material>;
  /** Bytes of plaintext that the message is to encrypt with the key. Default 0. */
  readonly bytes?: number;
  /** Asks KMS for the key. */
  readonly fetch: () => Promise<FetchedKey<Material>>;
}

/** A key that this message asked KMS for. The message may use it until the message ends. */
export interface FetchedKey<Material> {
  /** The message's own copy. The message zeroes it; a flush never touches it. */
  readonly material: Material;
  /** The id of the call of KMS that the key came from. */
  readonly kmsRequestId: string | undefined;
}

export interface ObtainedKey<Material> extends FetchedKey<Material> {
  /** Undefined when the message fetched the key. */
  readonly cached?: CachedKey;
}

/** The life of a key that was found in the cache. */
export interface CachedKey {
  /** Its age when it was found, counted from before KMS was asked for it. */
  readonly ageMs: number;
  /** True while the message may go on with the key. A key that is no longer usable never becomes usable again. */
  readonly state: () => 'usable' | 'expired' | 'flushed';
  /** Asks KMS for the same key again; undefined when KMS would generate another one. Throws what the fetch throws. */
  readonly renew: (() => Promise<void>) | undefined;
}

/** Zeroes a key that was used. */
export function zero(key: Zeroable): void {
  key.zeroUnencryptedDataKey();
}
