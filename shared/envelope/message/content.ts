/**
 * The content of a message, or a message itself, as it arrives: in pieces of any length. The codec takes it in the
 * lengths that the message format needs.
 */
import { errorOf, SealstreamError, StorageUnavailableError } from '../../errors.ts';

export type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Pieces, and the signal whose abort ends their arrival. */
export interface Input {
  readonly content: Pieces;
  readonly signal?: AbortSignal;
}

/**
 * Every method throws the signal's reason once the signal is aborted, and StorageUnavailableError when the pieces break
 * off. Disposing of it closes the pieces.
 */
export class Content implements Disposable {
  readonly #pieces: PieceIterator;
  readonly #signal: AbortSignal | undefined;
  #held: Buffer;
  #arrivedBytes: number;

  /** `prefix` is taken before the pieces. */
  constructor({ content, signal }: Input, prefix: Uint8Array = NOTHING) {
    this.#pieces = iteratorOf(content);
    this.#signal = signal;
    this.#held = bufferOf(prefix);
    this.#arrivedBytes = prefix.length;
  }

  /** Bytes that have arrived, the prefix included. */
  get arrivedBytes(): number {
    return this.#arrivedBytes;
  }

  /** Takes the next bytes: at most `most`, and none only at the end. */
  async take(most: number): Promise<Buffer> {
    if (this.#held.length === 0) this.#held = await this.#next();
    const taken = this.#held.subarray(0, most);
    this.#held = this.#held.subarray(taken.length);
    return taken;
  }

  /** Takes the next bytes in one array: so many, and fewer only at the end. */
  async takeWhole(bytes: number): Promise<Buffer> {
    await this.peek(bytes);
    return await this.take(bytes);
  }

  /** Returns the next bytes in one array, and does not take them: so many, and fewer only at the end. */
  async peek(bytes: number): Promise<Buffer> {
    while (this.#held.length < bytes) {
      const piece = await this.#next();
      if (piece.length === 0) break;
      this.#held = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    }
    return this.#held.subarray(0, bytes);
  }

  /** Takes all that is left. The connection that it comes by can then serve again, which a closed one cannot. */
  async drain(): Promise<void> {
    while ((await this.#next()).length > 0);
    this.#held = NOTHING;
  }

  /** Closes the pieces without waiting: a silent source may never answer. */
  [Symbol.dispose](): void {
    void Promise.resolve(this.#pieces.return?.()).catch(() => undefined);
  }

  /** Returns the next piece that is not empty; an empty one at the end. */
  async #next(): Promise<Buffer> {
    try {
      for (;;) {
        const { done, value } = await this.#unlessAborted();
        if (done === true) return NOTHING;
        this.#arrivedBytes += value.length;
        if (value.length > 0) return bufferOf(value);
      }
    } catch (error) {
      if (this.#signal?.aborted === true) throw errorOf(this.#signal.reason);
      throw brokenOff(error, this.#arrivedBytes);
    }
  }

  /**
   * Waits for the next piece or the abort: a silent source must not outlast the signal. No listener outlives its piece.
   */
  async #unlessAborted(): Promise<IteratorResult<Uint8Array>> {
    const signal = this.#signal;
    if (signal === undefined) return await this.#pieces.next();
    signal.throwIfAborted();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = (): void => reject(errorOf(signal.reason));
    signal.addEventListener('abort', abort);
    try {
      const next = await Promise.race([this.#pieces.next(), aborted]);
      signal.throwIfAborted();
      return next;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

const NOTHING = Buffer.alloc(0);

type PieceIterator = Iterator<Uint8Array> | AsyncIterator<Uint8Array>;

function iteratorOf(pieces: Pieces): PieceIterator {
  return Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]();
}

/** Returns the same bytes in the same memory, as the cipher's types want them. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function brokenOff(cause: unknown, bytes: number): SealstreamError {
  if (cause instanceof SealstreamError) return cause;
  return new StorageUnavailableError(`the content broke off after ${bytes} bytes`, { cause });
}
