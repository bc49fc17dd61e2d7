/** The content of the uploads of a drill. It follows from the name, so that it can be checked without a copy. */
import { createHash } from 'node:crypto';

const OBJECT_BYTES = 16_384;

/** `name`: `{tenantId}/{key}`. */
export function contentOf(name: string): Buffer {
  return createHash('shake256', { outputLength: OBJECT_BYTES }).update(name).digest();
}
