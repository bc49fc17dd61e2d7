/**
 * AWS answering badly for a while: with errors, with throttling, with nothing at all, or only after the work was
 * done. Outages are ridden out: everything seals, once, and nothing is rejected or dead.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from '../../local/front/faults.ts';
import type { Uploaded } from '../../laptop/client.ts';
import { arm, type ArmedFault } from '../support/armed-fault.ts';
import { type HeldUpload, type HeldUploads, holdUploads } from '../support/held-uploads.ts';
import { CHUNK_BYTES, INLINE_BYTES } from '../support/chunk-bytes.ts';
import { type Pipeline, startPipeline } from '../support/pipeline.ts';
import { expectQuiet, expectSealedOnce, isSealedWhenGone } from '../support/sealed-once.ts';

/** An operation of a service as the pipeline calls it for one object: a part of the URL or of the body says which. */
interface Operation {
  readonly service: string;
  readonly operation: string;
  readonly match: (uploaded: Uploaded) => string;
}

type Trouble = Pick<Fault, 'when' | 'effect'>;

/** Two chunks, so that receipts are needed. */
const TWO_CHUNKS = CHUNK_BYTES + 5000;
/** One chunk, so that every failure is of the same message. */
const ONE_CHUNK = INLINE_BYTES + 5000;
/** The number of attempts of the functions' SDK clients. */
const SDK_TRIES = 5;
/** The number of failures after which the message itself must be delivered again. */
const BEYOND_THE_SDK = SDK_TRIES + 1;
const SLOW_MS = 400;

const OPERATIONS = {
  s3: [
    s3('GetObject', ({ tenantId, key }) => `-ingest/${tenantId}/${key}`),
    s3('PutObject', ({ objectId }) => `chunks/${objectId}/`),
    s3('ListObjectsV2', ({ objectId }) => objectId),
    s3('HeadObject', ({ tenantId, key }) => `-ingest/${tenantId}/${key}`),
    s3('GetObject', ({ tenantId, key }) => `-vault/${tenantId}/objects/${key}`),
    s3('PutObject', ({ tenantId, key }) => `-vault/${tenantId}/objects/${key}`),
    s3('DeleteObject', ({ tenantId, key }) => `-ingest/${tenantId}/${key}`),
  ],
  dynamodb: [
    dynamodb('PutItem', ({ objectId }) => `object#${objectId}`),
    dynamodb('BatchGetItem', ({ objectId }) => `object#${objectId}`),
    dynamodb('UpdateItem', ({ objectId }) => `receipts#${objectId}`),
    dynamodb('UpdateItem', ({ objectId }) => `object#${objectId}`),
  ],
  sqs: [{ service: 'sqs', operation: 'SendMessageBatch', match: ({ objectId }: Uploaded) => objectId }],
  kms: [{ service: 'kms', operation: 'GenerateDataKey', match: ({ objectId }: Uploaded) => objectId }],
} as const satisfies Record<string, readonly Operation[]>;

const CHUNK_QUEUE = { service: 'sqs', match: (): string => 'sealstream-local-chunks' };

type Service = keyof typeof OPERATIONS;

const DROPPED: Trouble = { when: 'before', effect: { drop: true } };
const DROPPED_AFTER: Trouble = { when: 'after', effect: { drop: true } };

const TROUBLES: readonly (readonly [service: Service, what: string, trouble: Trouble])[] = [
  ['s3', 'InternalError', answer('InternalError', 500)],
  ['s3', 'SlowDown', answer('SlowDown', 503)],
  ['s3', 'ServiceUnavailable', answer('ServiceUnavailable', 503)],
  ['s3', 'RequestTimeout', answer('RequestTimeout', 400)],
  ['dynamodb', 'InternalServerError', answer('InternalServerError', 500)],
  ['dynamodb', 'ThrottlingException', answer('ThrottlingException', 400)],
  [
    'dynamodb',
    'ProvisionedThroughputExceededException',
    answer('ProvisionedThroughputExceededException', 400),
  ],
  ['dynamodb', 'RequestLimitExceeded', answer('RequestLimitExceeded', 400)],
  ['sqs', 'InternalError', answer('InternalError', 500)],
  ['sqs', 'ServiceUnavailable', answer('ServiceUnavailable', 503)],
  ['sqs', 'RequestThrottled', answer('RequestThrottled', 403)],
  ['kms', 'KMSInternalException', answer('KMSInternalException', 500)],
  ['kms', 'KeyUnavailableException', answer('KeyUnavailableException', 500)],
  ['kms', 'DependencyTimeoutException', answer('DependencyTimeoutException', 503)],
  ['kms', 'ThrottlingException', answer('ThrottlingException', 400)],
];
const SERVICES: readonly Service[] = ['s3', 'dynamodb', 'sqs', 'kms'];

let pipeline: Pipeline;
let held: HeldUploads;

beforeAll(async () => {
  pipeline = await startPipeline({ sandboxes: 3 });
  held = await holdUploads(pipeline);
});
afterAll(async () => await pipeline[Symbol.asyncDispose]());

describe.concurrent('everything seals once', () => {
  test.each(TROUBLES)('though every operation of %s first answers %s', async (service, what, trouble) => {
    const upload = await uploadFor(`${service}-${what}`);
    const faults = await armOnAll(service, upload, trouble, 1);
    expect(await rodeOut(upload, faults, 1)).toBe(true);
  });

  test.each(SERVICES)('though every operation of %s first loses its connection', async (service) => {
    const upload = await uploadFor(`${service}-dropped`);
    const faults = await armOnAll(service, upload, DROPPED, 1);
    expect(await rodeOut(upload, faults, 1)).toBe(true);
  });

  test.each(SERVICES)('though every operation of %s first loses its answer', async (service) => {
    const upload = await uploadFor(`${service}-dropped-after`);
    const faults = await armOnAll(service, upload, DROPPED_AFTER, 1);
    expect(await rodeOut(upload, faults, 1)).toBe(true);
  });

  test.each(SERVICES)('though every operation of %s is slow', async (service) => {
    const upload = await uploadFor(`${service}-slow`);
    const faults = await armOnAll(service, upload, { when: 'before', effect: { latencyMs: SLOW_MS } }, 1);
    expect(await rodeOut(upload, faults, 1)).toBe(true);
  });

  test.each(SERVICES)('though %s stays down for longer than the SDK tries', async (service) => {
    const upload = await uploadFor(`${service}-down`, ONE_CHUNK);
    const [operation] = OPERATIONS[service];
    const down = await armOn(operation, upload, answer('ServiceUnavailable', 503), BEYOND_THE_SDK);
    expect(await rodeOut(upload, [down], BEYOND_THE_SDK)).toBe(true);
  });

  test('though all of AWS throttles at once', async () => {
    const upload = await uploadFor('all-throttled');
    const throttled = answer('ThrottlingException', 400);
    const faults = await Promise.all(
      SERVICES.map(async (service) => await armOnAll(service, upload, throttled, 1)),
    );
    expect(await rodeOut(upload, faults.flat(), 1)).toBe(true);
  });
});

describe('everything is dealt with', () => {
  // Neither call says which message it is about: nothing else may be under way.
  test('though SQS takes neither a backoff nor an acknowledgement', async () => {
    const upload = await uploadFor('unacknowledged', ONE_CHUNK);
    const failing = answer('InternalError', 500);
    const faults = await Promise.all([
      armOn(OPERATIONS.s3[0], upload, failing, BEYOND_THE_SDK),
      armOn({ ...CHUNK_QUEUE, operation: 'ChangeMessageVisibility' }, upload, failing, SDK_TRIES),
      armOn({ ...CHUNK_QUEUE, operation: 'DeleteMessageBatch' }, upload, failing, SDK_TRIES),
    ]);
    await held.release(upload);
    // The clock stands still until then: a message that comes back meanwhile would share the failures out.
    await faults[1].struck(SDK_TRIES);
    await pipeline.sealedInTime(upload);
    await pipeline.until(async () => (await pipeline.depth('chunks')) === 0, { step: true });
    expect(await Promise.all(faults.map(async (fault) => await fault.strikes()))).toEqual([
      BEYOND_THE_SDK,
      SDK_TRIES,
      SDK_TRIES,
    ]);
    await expectSealedOnce(pipeline, upload);
  });

  test('nothing is left on the queues, in the DLQs or among the rejections', async () => {
    await expectQuiet(pipeline);
    expect(await pipeline.depth('chunks')).toBe(0);
  });
});

async function uploadFor(name: string, sizeBytes = TWO_CHUNKS): Promise<HeldUpload> {
  return await held.upload('acme', `${name}.bin`, randomBytes(sizeBytes));
}

/** Resolves once every fault has struck so often and the object is sealed all the same. */
async function rodeOut(upload: HeldUpload, faults: readonly ArmedFault[], times: number): Promise<boolean> {
  await held.release(upload);
  await pipeline.until(async () => await isSealedWhenGone(pipeline, upload));
  for (const fault of faults) expect(await fault.strikes()).toBe(times);
  await expectSealedOnce(pipeline, upload);
  return true;
}

async function armOnAll(
  service: Service,
  upload: Uploaded,
  trouble: Trouble,
  count: number,
): Promise<readonly ArmedFault[]> {
  return await Promise.all(
    OPERATIONS[service].map(async (operation) => await armOn(operation, upload, trouble, count)),
  );
}

/** Faults strike only the calls of a role, so never the tests' own calls. */
async function armOn(
  { service, operation, match }: Operation,
  upload: Uploaded,
  trouble: Trouble,
  count: number,
): Promise<ArmedFault> {
  const role = ['PutItem', 'SendMessageBatch'].includes(operation) ? 'ingest' : 'encrypt';
  return await arm(pipeline, {
    service,
    operation,
    role: `sealstream-local-${role}`,
    match: match(upload),
    count,
    ...trouble,
  });
}

function answer(code: string, status: number): Trouble {
  return { when: 'before', effect: { error: { code, status } } };
}

function s3(operation: string, match: Operation['match']): Operation {
  return { service: 's3', operation, match };
}

function dynamodb(operation: string, match: Operation['match']): Operation {
  return { service: 'dynamodb', operation, match };
}
