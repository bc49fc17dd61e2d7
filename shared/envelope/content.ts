/**
 * What is fed to the Encryption SDK's streams. Tearing one of those down midway throws where nobody can catch it
 * (their inner pipeline has no callback) and leaves the DEK unzeroed. So content never fails while it flows: it
 * ends early and keeps its failure, the stream runs out in good order, and what came of it is thrown away.
 */
import { SealstreamError, StorageUnavailableError } from '../errors.ts';

export type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export class Content {
  readonly #pieces: Pieces;
  readonly #signal: AbortSignal | undefined;
  /** Bytes that have flowed so far. */
  bytes = 0;
  /** Why it ended early: a SealstreamError, or the signal's reason. */
  failure: unknown;

  constructor(pieces: Pieces, signal: AbortSignal | undefined) {
    this.#pieces = pieces;
    this.#signal = signal;
  }

  async *flow(): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of this.#pieces) {
        this.#signal?.throwIfAborted();
        this.bytes += piece.length;
        yield piece;
      }
    } catch (error) {
      this.failure = this.#signal?.aborted === true ? this.#signal.reason : brokenOff(error, this.bytes);
    }
  }
}

function brokenOff(cause: unknown, bytes: number): SealstreamError {
  if (cause instanceof SealstreamError) return cause;
  return new StorageUnavailableError(`the content broke off after ${bytes} bytes`, { cause });
}
