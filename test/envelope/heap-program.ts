/**
 * A sandbox in keyMode `cached`: makes messages, opens those it is sent, says that it holds their DEKs, flushes them
 * when told to, says so again, and leaves a snapshot of its heap. Whoever started it searches its memory meanwhile. It
 * keeps one text on purpose: what a search that works finds.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setFlagsFromString, writeHeapSnapshot } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as z from 'zod';
import { kmsOperations } from '../../shared/aws/kms.ts';
import { decryptWhole } from '../../shared/envelope/decrypt.ts';
import { kekOf } from '../../shared/envelope/kek.ts';
import { materialsCache } from '../../shared/envelope/materials-cache.ts';
import { CACHED_ACME } from '../support/cached-keys.ts';
import { CONTEXT, messageOf } from '../support/messages.ts';
import { keysOf } from '../support/tenants.ts';

const MADE = 20;
const [keptText = '', snapshot = ''] = process.argv.slice(2);
const messagesSchema = z.array(z.base64().transform((text) => Buffer.from(text, 'base64')));

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');
const kept = { keptText };

const cache = materialsCache();
const kek = kekOf(CACHED_ACME, { ...keysOf(kmsOperations()), cache });
const messages = messagesSchema.parse((await once(process, 'message'))[0]);
for (let count = 0; count < MADE; count += 1) await messageOf(kek, randomBytes(1_000));
for (const message of messages) await decryptWhole(kek, message, CONTEXT);
await told('holding');
cache.flush(CACHED_ACME.tenantId);
await told('flushed');
writeHeapSnapshot(snapshot);
process.disconnect();
if (kept.keptText !== keptText) throw new Error('it was to be kept');

/** Says so, and waits for the word to go on. */
async function told(state: string): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    goOn();
    collect();
    await new Promise(setImmediate);
  }
  process.send?.(state);
  await once(process, 'message');
}

/**
 * What any work does to the memory of V8's heap that nobody uses any more: writes over it. The Encryption SDK makes a
 * copy of each answer of KMS there, dead from the start.
 */
function goOn(): void {
  for (let count = 0; count < 300_000; count += 1) new Uint8Array(60).fill(count);
}
