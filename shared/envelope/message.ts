/**
 * One message of the AWS Encryption SDK, in the pieces it was made in. They are never joined: for 64 MiB the copy
 * and its page faults take as long as the encryption.
 */
import { Writable } from 'node:stream';

export interface Message {
  /** Of all pieces together. */
  readonly bytes: number;
  readonly pieces: readonly Uint8Array[];
}

/** A writable, not an iteration: iterating the Encryption SDK's stream joins what it has buffered. */
export class MessageSink extends Writable implements Message {
  readonly pieces: Uint8Array[] = [];
  bytes = 0;

  override _write(piece: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.pieces.push(piece);
    this.bytes += piece.length;
    done();
  }
}

/** The same in one buffer: for small messages. */
export function joined({ pieces }: Message): Buffer {
  return Buffer.concat(pieces);
}
