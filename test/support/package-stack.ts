/** Packages the stack once before any test starts it: every local AWS of the run then finds it made. */
import { fileURLToPath } from 'node:url';
import { packageStack } from '../../local/stack/package.ts';
import { REGION } from '../../laptop/names.ts';
import { CHUNK_BYTES, INLINE_BYTES } from './chunk-bytes.ts';

export default async function setup(): Promise<void> {
  process.env['CHUNK_BYTES'] = String(CHUNK_BYTES);
  process.env['INLINE_BYTES'] = String(INLINE_BYTES);
  await packageStack({ projectFolder: fileURLToPath(new URL('../..', import.meta.url)), region: REGION });
}
