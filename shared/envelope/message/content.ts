/**
 * The content that is fed to the Encryption SDK's streams. Such a stream that is torn down midway throws an error that
 * nobody can catch (its inner pipeline has no callback), and leaves the DEK unzeroed. So content never fails while it
 * flows: it ends early and keeps its failure, the stream ends in good order, and its output is thrown away.
 */
import { errorOf, SealstreamError, StorageUnavailableError } from '../../errors.ts';

export type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** The content of a message, or a message itself, as it arrives. An abort of the signal ends it. */
export interface Input {
  readonly content: Pieces;
  readonly signal?: AbortSignal;
}

export class Content {
  readonly #pieces: Pieces;
  readonly #signal: AbortSignal | undefined;
  readonly #requireKey: () => Promise<void>;
  /** Bytes that have flowed so far. */
  bytes = 0;
  /** The reason why it ended early: a SealstreamError, or the signal's reason. */
  failure: Error | undefined;

  /** Calls `requireKey` before every piece; it throws once the message may not use its key any more. */
  constructor({ content, signal }: Input, requireKey: () => Promise<void>) {
    this.#pieces = content;
    this.#signal = signal;
    this.#requireKey = requireKey;
  }

  async *flow(): AsyncGenerator<Uint8Array> {
    const iterator = iteratorOf(this.#pieces);
    try {
      for (;;) {
        const next = await this.#unlessAborted(iterator);
        if (next.done === true) return;
        await this.#requireKey();
        this.bytes += next.value.length;
        yield next.value;
      }
    } catch (error) {
      this.failure =
        this.#signal?.aborted === true ? errorOf(this.#signal.reason) : brokenOff(error, this.bytes);
    } finally {
      close(iterator);
    }
  }

  /**
   * Waits for the next piece or the abort: a silent source must not outlast the signal. No listener outlives its piece.
   */
  async #unlessAborted(iterator: PieceIterator): Promise<IteratorResult<Uint8Array>> {
    const signal = this.#signal;
    if (signal === undefined) return await iterator.next();
    signal.throwIfAborted();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = (): void => reject(errorOf(signal.reason));
    signal.addEventListener('abort', abort);
    try {
      const next = await Promise.race([iterator.next(), aborted]);
      signal.throwIfAborted();
      return next;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

type PieceIterator = Iterator<Uint8Array> | AsyncIterator<Uint8Array>;

function iteratorOf(pieces: Pieces): PieceIterator {
  return Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]();
}

/** Closes the iterator without waiting: a silent source may never answer. */
function close(iterator: PieceIterator): void {
  void Promise.resolve(iterator.return?.()).catch(() => undefined);
}

function brokenOff(cause: unknown, bytes: number): SealstreamError {
  if (cause instanceof SealstreamError) return cause;
  return new StorageUnavailableError(`the content broke off after ${bytes} bytes`, { cause });
}
