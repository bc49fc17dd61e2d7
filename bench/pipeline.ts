/** The whole pipeline: one big object, and many small ones; where the time goes. */
import { randomBytes } from 'node:crypto';
import pLimit from 'p-limit';
import { Readable } from 'node:stream';
import * as z from 'zod';
import { type LocalProcess, startLocalProcess } from '../laptop/local-process.ts';
import { ENCRYPT_ROLE } from '../laptop/names.ts';
import { PipelineClient } from '../laptop/client.ts';
import { blocks } from './blocks.ts';
import type { Figure } from './report.ts';

const MIB = 1_048_576;
const BIG_BYTES = 2048 * MIB;
const SMALL_BYTES = 16_384;
const SMALL_OBJECTS = 2_000;
const UPLOADS_AT_ONCE = 16;
const PATIENCE_MS = 1_800_000;

/** The figures of one operation of one role, as the front of the local AWS tells them. */
const timingsSchema = z.array(
  z.object({ service: z.string(), operation: z.string(), role: z.string().optional(), totalMs: z.number() }),
);

export async function benchPipeline(): Promise<readonly Figure[]> {
  const local = await startLocalProcess({ sandboxes: 2 });
  try {
    const client = new PipelineClient(local.endpoint);
    return [...(await oneBigObject(local, client)), ...(await manySmallObjects(local, client))];
  } finally {
    await local.close();
  }
}

async function oneBigObject(local: LocalProcess, client: PipelineClient): Promise<readonly Figure[]> {
  await local.tell('DELETE', 'timings');
  const uploaded = await client.upload('acme', 'big.bin', Readable.from(blocks(BIG_BYTES)));
  const startedAt = performance.now();
  await client.sealed(uploaded, AbortSignal.timeout(PATIENCE_MS));
  const seconds = (performance.now() - startedAt) / 1000;
  const title = '2 GiB in one object';
  return [
    { name: `${title}: upload done → sealed`, value: seconds, unit: 's' },
    { name: `${title}: throughput`, value: BIG_BYTES / MIB / seconds, unit: 'MiB/s' },
    ...(await whereTimeGoes(local, title)),
  ];
}

async function manySmallObjects(local: LocalProcess, client: PipelineClient): Promise<readonly Figure[]> {
  await local.tell('DELETE', 'timings');
  const limit = pLimit(UPLOADS_AT_ONCE);
  const startedAt = performance.now();
  const objects = await Promise.all(
    Array.from(
      { length: SMALL_OBJECTS },
      async (_, index) =>
        await limit(async () => await client.upload('acme', `small/${index}`, randomBytes(SMALL_BYTES))),
    ),
  );
  const signal = AbortSignal.timeout(PATIENCE_MS);
  // One after the other: when the last is looked at, all are sealed, and the looking costs little.
  for (const object of objects) await client.sealed(object, signal);
  const seconds = (performance.now() - startedAt) / 1000;
  const title = '2,000 objects of 16 KiB';
  return [
    { name: `${title}: first upload → all sealed`, value: seconds, unit: 's' },
    { name: `${title}: rate`, value: SMALL_OBJECTS / seconds, unit: 'objects/s' },
    ...(await whereTimeGoes(local, title)),
  ];
}

/** Seconds the encrypt sandboxes waited for each service, as the services saw it; the rest is theirs: encryption. */
async function whereTimeGoes(local: LocalProcess, title: string): Promise<readonly Figure[]> {
  const timings = await local.ask('timings', timingsSchema);
  const spent = (service: string, operation?: string): number =>
    timings
      .filter((timing) => timing.role === ENCRYPT_ROLE && timing.service === service)
      .filter((timing) => operation === undefined || timing.operation === operation)
      .reduce((seconds, { totalMs }) => seconds + totalMs / 1000, 0);
  const get = spent('s3', 'GetObject');
  const put = spent('s3', 'PutObject');
  const parts = {
    GET: get,
    PUT: put,
    'other S3': spent('s3') - get - put,
    KMS: spent('kms'),
    state: spent('dynamodb'),
    queue: spent('sqs'),
  };
  return Object.entries(parts).map(([name, value]) => ({ name: `${title}: ${name}`, value, unit: 's' }));
}
