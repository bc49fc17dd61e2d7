/**
 * A sandbox of a tenant in keyMode `cached` that was, or will be, in `hierarchical`. It makes messages in both modes,
 * opens those that it is sent, and says that it holds their DEKs and branch keys. Then it flushes them when told to,
 * says so, and writes a snapshot of its heap. The test that started it searches its memory meanwhile. The program keeps
 * one text on purpose: a search that works must find it.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setFlagsFromString, writeHeapSnapshot } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as z from 'zod';
import { dataPathKms } from '../../../shared/aws/data-path-kms.ts';
import { decryptWhole } from '../../../shared/envelope/message/decrypt.ts';
import { kekOf } from '../../../shared/envelope/kms/kek.ts';
import { CACHED_ACME } from '../../support/cached-keys.ts';
import { keyStoreOf, rowsSchema } from '../../support/key-store-rows.ts';
import { CONTEXT, messageOf } from '../../support/messages.ts';
import { keysOf } from '../../support/tenants.ts';

const MADE = 20;
const [keptText = '', snapshot = ''] = process.argv.slice(2);

const sentSchema = z.object({
  messages: z.array(z.base64().transform((text) => Buffer.from(text, 'base64'))),
  branchKeyId: z.string(),
  rows: rowsSchema,
});

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');
const kept: { readonly keptText: string; work: readonly unknown[] } = { keptText, work: [] };

const { messages, branchKeyId, rows } = sentSchema.parse((await once(process, 'message'))[0]);
const keys = { ...keysOf(dataPathKms()), branchKeys: keyStoreOf(rows).table };
const cached = kekOf({ ...CACHED_ACME, branchKeyId }, keys);
const hierarchical = kekOf({ ...CACHED_ACME, keyMode: 'hierarchical', branchKeyId }, keys);
for (let count = 0; count < MADE; count += 1) {
  await messageOf(cached, randomBytes(1_000));
  await messageOf(hierarchical, randomBytes(1_000));
}
for (const message of messages) await decryptWhole(cached, message, CONTEXT);
for (let round = 0; round < 3; round += 1) await goOn();
await told('holding');
keys.cache.flush(CACHED_ACME.tenantId);
// Nothing was freed since, so the memory that the flush dropped is still there, and must be zeros.
await told('flushed');
writeHeapSnapshot(snapshot);
process.disconnect();
if (kept.keptText !== keptText) throw new Error('the text to keep is gone: the search would prove nothing');

/** Tells the test the state, and waits for its answer. */
async function told(state: string): Promise<void> {
  process.send?.(state);
  await once(process, 'message');
}

/**
 * Overwrites the free memory of V8's heap, as any work does. The Encryption SDK leaves a copy of each answer of KMS
 * there. The lengths differ, since V8 skips the end of a page that is too short for the next object.
 */
async function goOn(): Promise<void> {
  for (let count = 0; count < 300_000; count += 1) kept.work = [new Uint8Array(count % 64).fill(count)];
  for (let count = 0; count < 1_000_000; count += 1) kept.work = [count];
  collect();
  await new Promise(setImmediate);
}
