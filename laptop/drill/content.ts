/** What the drill uploads: bytes that follow from the name, so that whoever has the name can tell if they are whole. */
import { createHash } from 'node:crypto';

const OBJECT_BYTES = 16_384;

/** `name`: `{tenantId}/{key}`. */
export function contentOf(name: string): Buffer {
  return createHash('shake256', { outputLength: OBJECT_BYTES }).update(name).digest();
}
