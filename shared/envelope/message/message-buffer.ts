/**
 * The buffer that a message is written to. It is allocated once in its final size, because a buffer that grows, or
 * pieces that are joined, would hold the message twice. The kernel takes as long to allocate 64 MiB as the cipher takes
 * to encrypt them, so a sandbox keeps big buffers for the next messages. Only ciphertext is ever in them.
 */

/** One message of the AWS Encryption SDK. */
export interface Message extends Disposable {
  /** The bytes, valid until the message is disposed of. */
  readonly content: Uint8Array;
}

/** Smaller buffers are not kept, because they are cheap to allocate. */
const MIN_KEPT_BYTES = 4 * 1_048_576;
/** One message is written to the vault while the next one is encrypted. */
const MAX_KEPT = 2;

const kept: Buffer[] = [];

export class MessageBuffer implements Message {
  #buffer: Buffer | undefined;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#buffer = take(maxBytes) ?? Buffer.allocUnsafeSlow(maxBytes);
  }

  append(bytes: Uint8Array): void {
    this.#held().set(bytes, this.#bytes);
    this.#bytes += bytes.length;
  }

  get content(): Uint8Array {
    return this.#held().subarray(0, this.#bytes);
  }

  [Symbol.dispose](): void {
    if (this.#buffer !== undefined && this.#buffer.length >= MIN_KEPT_BYTES) keep(this.#buffer);
    this.#buffer = undefined;
  }

  #held(): Buffer {
    if (this.#buffer === undefined) throw new Error('the message was disposed of: read its content before');
    return this.#buffer;
  }
}

/** Keeps the biggest buffers: they serve every message. */
function keep(buffer: Buffer): void {
  kept.push(buffer);
  kept.sort((one, other) => one.length - other.length);
  if (kept.length > MAX_KEPT) kept.shift();
}

/** Takes the smallest kept buffer that has room. */
function take(bytes: number): Buffer | undefined {
  if (bytes < MIN_KEPT_BYTES) return undefined;
  const at = kept.findIndex((buffer) => buffer.length >= bytes);
  return at < 0 ? undefined : kept.splice(at, 1)[0];
}
