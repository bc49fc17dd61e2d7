/**
 * The buffer that a message is written to. It is allocated once in its final size, because a buffer that grows, or
 * pieces that are joined, would hold the message twice. The kernel takes as long to allocate 64 MiB as the cipher takes
 * to encrypt them, so a sandbox keeps one big buffer for the next message. Only ciphertext is ever in it.
 */
import { Writable } from 'node:stream';

/** One message of the AWS Encryption SDK. */
export interface Message extends Disposable {
  /** The bytes, valid until the message is disposed of. */
  readonly content: Uint8Array;
}

/** Smaller buffers are not kept, because they are cheap to allocate. */
const MIN_KEPT_BYTES = 4 * 1_048_576;

let kept: Buffer | undefined;

export class MessageBuffer implements Message {
  #buffer: Buffer | undefined;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#buffer = take(maxBytes) ?? Buffer.allocUnsafeSlow(maxBytes);
  }

  /**
   * Returns a writable for the Encryption SDK's stream. An iteration over that stream would join what it has buffered.
   */
  sink(): Writable {
    return new Writable({
      write: (piece: Uint8Array, _encoding, done) => {
        this.#buffer?.set(piece, this.#bytes);
        this.#bytes += piece.length;
        done();
      },
    });
  }

  get content(): Uint8Array {
    if (this.#buffer === undefined) throw new Error('the message was disposed of: read its content before');
    return this.#buffer.subarray(0, this.#bytes);
  }

  [Symbol.dispose](): void {
    if (this.#buffer !== undefined && this.#buffer.length >= MIN_KEPT_BYTES) kept = this.#buffer;
    this.#buffer = undefined;
  }
}

function take(bytes: number): Buffer | undefined {
  if (bytes < MIN_KEPT_BYTES || kept === undefined || kept.length < bytes) return undefined;
  const buffer = kept;
  kept = undefined;
  return buffer;
}
