/** The DEK of one message while the message lasts: its origin, its right to be used, and the record of its use. */
import { EpochChangedError, KeyExpiredError } from '../../errors.ts';
import type { EncryptionContext } from '../../object/context.ts';
import type { Kek } from '../kms/kek.ts';
import type { KeyUse } from '../kms/key-use.ts';
import type { CachedKey, ObtainedKey, WantedKey, Zeroable } from '../cache/obtained-key.ts';

export class MessageKey {
  readonly kek: Kek;
  /** The message's own context, also when its DEK serves other messages. */
  readonly context: EncryptionContext;
  readonly #operation: KeyUse['operation'];
  readonly #startedAt: string;
  #origin: Pick<KeyUse, 'cached' | 'keyAgeMs' | 'kmsRequestId'> | undefined;
  #branchKeyVersion: string | undefined;
  #cached: CachedKey | undefined;

  constructor(kek: Kek, operation: KeyUse['operation'], context: EncryptionContext) {
    this.kek = kek;
    this.#operation = operation;
    this.context = context;
    this.#startedAt = this.#now();
  }

  /** Obtains a key that many messages use, from the tenant's partition of the cache or from KMS. */
  async obtain<Material extends Zeroable>(wanted: WantedKey<Material>): Promise<Material> {
    const partition = this.kek.keys.cache.partition({ ...this.kek, kekArn: this.kek.arn });
    return this.use(await partition.obtain(wanted));
  }

  /** Notes where the key came from, and returns its material. */
  use<Material>({ material, kmsRequestId, cached }: ObtainedKey<Material>): Material {
    this.#origin = { cached: cached !== undefined, keyAgeMs: cached?.ageMs ?? 0, kmsRequestId };
    this.#cached = cached;
    return material;
  }

  /** Notes that the obtained key is a branch key, which wraps a DEK of this message alone. */
  wrappedBy(branchKeyVersion: string): void {
    this.#branchKeyVersion = branchKeyVersion;
  }

  /**
   * Throws when the message may not use its key any more. A key that expired is renewed first if it can be.
   * @throws EpochChangedError, KeyExpiredError, and the errors of `kmsFailure` when the key is renewed
   */
  readonly requireUsable = async (): Promise<void> => {
    if (this.#cached === undefined) return;
    const state = this.#cached.state();
    if (state === 'flushed') throw this.#flushed();
    if (state === 'usable') return;
    if (this.#cached.renew === undefined) throw this.#expired();
    await this.#cached.renew();
    this.#cached = undefined;
  };

  /** Passes the record on. There is no record when the message obtained no DEK. */
  record(): void {
    if (this.#origin === undefined) return;
    const { tenantId, arn: kekArn, keyMode, epoch, keys } = this.kek;
    const chunkIndex = this.context['chunk-index'];
    keys.recordUse({
      tenantId,
      kekArn,
      keyMode,
      branchKeyVersion: this.#branchKeyVersion,
      operation: this.#operation,
      objectId: this.context['object-id'] ?? '',
      chunkIndex: chunkIndex === undefined ? undefined : Number(chunkIndex),
      ...this.#origin,
      epoch,
      startedAt: this.#startedAt,
      endedAt: this.#now(),
    });
  }

  #now(): string {
    return new Date(this.kek.keys.cache.clock.wallMs()).toISOString();
  }

  #flushed(): EpochChangedError {
    return new EpochChangedError(
      `tenant ${this.kek.tenantId}: its cached keys were dropped; the work starts anew`,
    );
  }

  #expired(): KeyExpiredError {
    const { tenantId, maxKeyAgeSeconds } = this.kek;
    return new KeyExpiredError(
      `tenant ${tenantId}: a cached key reached its age limit of ${maxKeyAgeSeconds} s while a message used it; the work starts anew`,
    );
  }
}
