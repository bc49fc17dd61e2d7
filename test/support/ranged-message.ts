/** A message in memory, of which a test reads a range. It keeps the ranges that were fetched. */
import type { ByteRange } from '../../shared/object/geometry.ts';
import { decryptRange } from '../../shared/envelope/message/decrypt-range.ts';
import type { Kek } from '../../shared/envelope/kms/kek.ts';
import type { EncryptionContext } from '../../shared/object/context.ts';
import { drained, inPieces } from './content.ts';
import { CONTEXT } from './messages.ts';

export interface Stored {
  readonly message: Uint8Array;
  readonly contentBytes: number;
  /** Default: the context of the tests. */
  readonly expected?: EncryptionContext;
}

export interface RangeOutcome {
  readonly bytes: Buffer;
  readonly code: string | undefined;
  readonly fetched: readonly ByteRange[];
}

export async function readPart(kek: Kek, stored: Stored, range: ByteRange): Promise<RangeOutcome> {
  const { message, contentBytes, expected = CONTEXT } = stored;
  const fetched: ByteRange[] = [];
  const fetch = async ({ start, end }: ByteRange): Promise<Iterable<Uint8Array>> => {
    fetched.push({ start, end: Math.min(end, message.length) });
    return await Promise.resolve(inPieces(message.subarray(start, end), 65_536));
  };
  const outcome = await drained(decryptRange(kek, { contentBytes, range, fetch }, expected));
  return { ...outcome, fetched };
}

export function fetchedBytes({ fetched }: RangeOutcome): number {
  return fetched.reduce((sum, { start, end }) => sum + end - start, 0);
}
