/**
 * A sandbox killed right before and right after every call that `ingest` and `encrypt` make to AWS: the object ends
 * sealed once, and its source is there until then. SIGKILL, in a process of its own: no handler runs, nothing is
 * flushed.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from '../../local/front/faults.ts';
import type { Uploaded } from '../../laptop/client.ts';
import { arm, type ArmedFault } from '../support/armed-fault.ts';
import { type HeldUpload, type HeldUploads, holdUploads } from '../support/held-uploads.ts';
import { CHUNK_BYTES } from '../support/chunk-bytes.ts';
import { type Pipeline, startPipeline } from '../support/pipeline.ts';
import { type Redeliveries, shareRedeliveries } from '../support/redeliveries.ts';
import { expectQuiet, expectSealedOnce, isSealedWhenGone } from '../support/sealed-once.ts';

/** One call of a function, told apart from the same call for any other object. */
interface Call {
  readonly what: string;
  readonly role: string;
  readonly service: string;
  readonly operation: string;
  readonly match: (uploaded: Uploaded) => string;
}

/** Two chunks, so that receipts are needed. */
const BYTES = CHUNK_BYTES + 5000;
/** Long enough to arm the next fault while a call is held. */
const HELD_MS = 5000;

const CALLS: readonly Call[] = [
  ingest('BatchGetItem of tenant and plan to be', 'dynamodb', ({ objectId }) => `object#${objectId}`),
  ingest('PutItem of the plan', 'dynamodb', ({ objectId }) => `object#${objectId}`),
  ingest('SendMessageBatch of the jobs', 'sqs', ({ objectId }) => objectId),
  encrypt('BatchGetItem of tenant and plan', 'dynamodb', ({ objectId }) => `object#${objectId}`),
  encrypt('GetObject of the source', 's3', source),
  encrypt('GenerateDataKey for a chunk', 'kms', ({ objectId }) => `${objectId}","chunk-`),
  encrypt('PutObject of a chunk', 's3', ({ objectId }) => `chunks/${objectId}/`),
  encrypt('UpdateItem of the receipts', 'dynamodb', ({ objectId }) => `receipts#${objectId}`),
  encrypt('ListObjectsV2 of the chunks', 's3', ({ objectId }) => objectId),
  encrypt('HeadObject of the source', 's3', source),
  encrypt('GetObject of a manifest in the way', 's3', manifest),
  encrypt('GenerateDataKey for the manifest', 'kms', ({ objectId }) => `${objectId}","purpose`),
  encrypt('UpdateItem of the noted manifest', 'dynamodb', planUpdate('ADD manifestDigests')),
  encrypt('PutObject of the manifest', 's3', manifest),
  encrypt('UpdateItem of the sealed plan', 'dynamodb', planUpdate('SET sealedAt')),
  encrypt('DeleteObject of the source', 's3', source),
];
const MOMENTS = CALLS.flatMap((call) => [
  { when: 'before' as const, ...call },
  { when: 'after' as const, ...call },
]);

let pipeline: Pipeline;
let held: HeldUploads;
let redeliveries: Redeliveries;

beforeAll(async () => {
  pipeline = await startPipeline();
  held = await holdUploads(pipeline);
  redeliveries = shareRedeliveries(pipeline);
});
afterAll(async () => await pipeline[Symbol.asyncDispose]());

describe.concurrent('a sandbox killed', () => {
  test.each(MOMENTS)('$when $what loses nothing and seals once', async ({ when, ...call }) => {
    await redeliveries.during(async () => {
      const upload = await held.upload('acme', keyOf(when, call), randomBytes(BYTES));
      const kill = await armOn(call, upload, { when, effect: { kill: true } });
      await held.release(upload);
      await struck(kill);
      expect(await sealedAfterCrash(upload)).toBe(true);
    });
  });

  test.each(['before', 'after'] as const)(
    '%s GetObject of the written manifest loses nothing and seals once',
    async (when) => {
      await redeliveries.during(async () => {
        const reading = encrypt('GetObject of the written manifest', 's3', manifest);
        const writing = encrypt('PutObject of the manifest', 's3', manifest);
        const upload = await held.upload('acme', keyOf(when, reading), randomBytes(BYTES));
        // The same call looks for a manifest in the way first, so the kill is armed only once that is done.
        const slow = await armOn(writing, upload, { when: 'before', effect: { latencyMs: HELD_MS } });
        // It is armed at once when the call is held: a redelivery that the test waits for may come too late for that.
        const arming = slow
          .struck()
          .then(async () => await armOn(reading, upload, { when, effect: { kill: true } }));
        await held.release(upload);
        const [kill] = await Promise.all([arming, struck(slow)]);
        await struck(kill);
        expect(await sealedAfterCrash(upload)).toBe(true);
      });
    },
  );
});

describe('after all these crashes', () => {
  test('nothing is left on the queues, in the DLQs or among the rejections', async () => {
    await expectQuiet(pipeline);
    expect(await pipeline.depth('chunks')).toBe(0);
  });
});

/** Another test's crash may have taken the message along, before or after it came to the call. */
async function struck(fault: ArmedFault): Promise<void> {
  await redeliveries.until(async () => (await fault.strikes()) > 0);
}

/** Precondition: the sandbox has just been killed, so that nothing moves until its messages come back. */
async function sealedAfterCrash(upload: HeldUpload): Promise<boolean> {
  await isSealedWhenGone(pipeline, upload);
  await redeliveries.next();
  await redeliveries.until(async () => await isSealedWhenGone(pipeline, upload));
  await expectSealedOnce(pipeline, upload);
  return true;
}

async function armOn(
  { role, service, operation, match }: Call,
  upload: Uploaded,
  fault: Pick<Fault, 'when' | 'effect'>,
): Promise<ArmedFault> {
  return await arm(pipeline, { role, service, operation, match: match(upload), count: 1, ...fault });
}

/** No key is the beginning of another, nor needs encoding in a URL. */
function keyOf(when: string, { what }: Call): string {
  return `${when}-${what.replaceAll(' ', '-')}.bin`;
}

function ingest(what: string, service: string, match: Call['match']): Call {
  return callOf('sealstream-local-ingest', what, service, match);
}

function encrypt(what: string, service: string, match: Call['match']): Call {
  return callOf('sealstream-local-encrypt', what, service, match);
}

function callOf(role: string, what: string, service: string, match: Call['match']): Call {
  return { what, role, service, operation: what.split(' ')[0] ?? '', match };
}

function source({ tenantId, key }: Uploaded): string {
  return `-ingest/${tenantId}/${key}`;
}

function manifest({ tenantId, key }: Uploaded): string {
  return `-vault/${tenantId}/objects/${key}`;
}

/** Matches the request as the SDK writes it: its members in their order. */
function planUpdate(update: string): Call['match'] {
  return ({ objectId }) =>
    `object#${objectId}"},"sk":{"S":"plan"}},"ReturnValues":"ALL_NEW","UpdateExpression":"${update}`;
}
