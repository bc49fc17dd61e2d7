/** The DEK of one message while the message lasts: where it came from, whether it may still be used, its record. */
import { EpochChangedError, KeyExpiredError } from '../../errors.ts';
import type { EncryptionContext } from '../../object/context.ts';
import type { Kek } from '../kms/kek.ts';
import type { KeyUse } from '../kms/key-use.ts';
import type { Fetched } from '../kms/kms-call.ts';
import type { Found } from '../cache/partition.ts';

export class MessageKey {
  readonly #kek: Kek;
  readonly #operation: KeyUse['operation'];
  readonly #context: EncryptionContext;
  readonly #startedAt: string;
  #origin: Pick<KeyUse, 'cached' | 'keyAgeMs' | 'kmsRequestId'> | undefined;
  #branchKeyVersion: string | undefined;
  #require: (() => Promise<void>) | undefined;

  /** `context`: the message's own, also where its DEK serves others. */
  constructor(kek: Kek, operation: KeyUse['operation'], context: EncryptionContext) {
    this.#kek = kek;
    this.#operation = operation;
    this.#context = context;
    this.#startedAt = this.#now();
  }

  /** A key that KMS was asked for by this very message may be used until the message ends. */
  fetched<Material>({ material, kmsRequestId }: Fetched<Material>): Material {
    this.#origin = { cached: false, keyAgeMs: 0, kmsRequestId };
    return material;
  }

  /** `renew` asks KMS for the same key again when it expires under the message; without it the message ends then. */
  found({ keyAgeMs, kmsRequestId, state }: Found<unknown>, renew?: () => Promise<void>): void {
    this.#origin = { cached: true, keyAgeMs, kmsRequestId };
    this.#require = async () => {
      const now = state();
      if (now === 'flushed') throw this.#flushed();
      if (now === 'usable') return;
      if (renew === undefined) throw this.#expired();
      await renew();
      this.#require = undefined;
    };
  }

  /** What was fetched or found is a branch key, which wraps the DEK of this message alone. */
  wrappedBy(branchKeyVersion: string): void {
    this.#branchKeyVersion = branchKeyVersion;
  }

  /** @throws EpochChangedError, KeyExpiredError, and what KMS says when the key is renewed */
  readonly requireUsable = async (): Promise<void> => await this.#require?.();

  /** Hands the record on; there is none when no DEK was to be had. */
  record(): void {
    if (this.#origin === undefined) return;
    const { tenantId, arn: kekArn, keyMode, epoch, keys } = this.#kek;
    const chunkIndex = this.#context['chunk-index'];
    keys.recordUse({
      tenantId,
      kekArn,
      keyMode,
      branchKeyVersion: this.#branchKeyVersion,
      operation: this.#operation,
      objectId: this.#context['object-id'] ?? '',
      chunkIndex: chunkIndex === undefined ? undefined : Number(chunkIndex),
      ...this.#origin,
      epoch,
      startedAt: this.#startedAt,
      endedAt: this.#now(),
    });
  }

  #now(): string {
    return new Date(this.#kek.keys.cache.clock.wallMs()).toISOString();
  }

  #flushed(): EpochChangedError {
    return new EpochChangedError(
      `tenant ${this.#kek.tenantId}: its cached keys were dropped; the work starts anew`,
    );
  }

  #expired(): KeyExpiredError {
    const { tenantId, maxKeyAgeSeconds } = this.#kek;
    return new KeyExpiredError(
      `tenant ${tenantId}: a cached key reached its ${maxKeyAgeSeconds} s under a message; the work starts anew`,
    );
  }
}
