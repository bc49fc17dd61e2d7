/**
 * A sandbox in keyMode `cached`: makes and opens messages until it holds many DEKs, says so, flushes them when told to,
 * says so again, and leaves a snapshot of its heap. Whoever started it searches its memory meanwhile. It keeps one
 * text on purpose: what a search that works finds.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setFlagsFromString, writeHeapSnapshot } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { kmsOperations } from '../../shared/aws/kms.ts';
import { decryptWhole } from '../../shared/envelope/decrypt.ts';
import { kekOf } from '../../shared/envelope/kek.ts';
import { materialsCache } from '../../shared/envelope/materials-cache.ts';
import { CACHED_ACME } from '../support/cached-keys.ts';
import { CONTEXT, messageOf } from '../support/messages.ts';

const [deks = '', keptText = '', snapshot = ''] = process.argv.slice(2);
const MESSAGES_PER_DEK = 5;

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');
const kept = { keptText };

const cache = materialsCache({ maxMessages: MESSAGES_PER_DEK });
const kek = kekOf(CACHED_ACME, { kms: kmsOperations(), cache, recordUse: () => undefined });
const messages: Uint8Array[] = [];
for (let count = 0; count < Number(deks) * MESSAGES_PER_DEK; count += 1) {
  messages.push(await messageOf(kek, randomBytes(1_000)));
}
// A new DEK drops the one before from the cache; a sandbox that opens messages holds them all.
for (const message of messages) await decryptWhole(kek, message, CONTEXT);
await told('holding');
cache.flush(CACHED_ACME.tenantId);
await told('flushed');
writeHeapSnapshot(snapshot);
process.disconnect();
if (kept.keptText !== keptText) throw new Error('it was to be kept');

/** Says so, and waits for the word to go on. Native memory is released, zeroed, by the collector. */
async function told(state: string): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    collect();
    await new Promise(setImmediate);
  }
  process.send?.(state);
  await once(process, 'message');
}
