/** The whole pipeline: one big object, beside `rclone crypt`, and many small ones; where the time goes. */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import * as z from 'zod';
import { type LocalProcess, startLocalProcess } from '../laptop/local-process.ts';
import { ENCRYPT_ROLE } from '../laptop/names.ts';
import { PipelineClient } from '../laptop/client.ts';
import { tenantIdSchema } from '../shared/tenant/tenant-id.ts';
import { allSealed } from './all-sealed.ts';
import { blocks } from './blocks.ts';
import { medians } from './measure.ts';
import { findRclone, type Rclone } from './rclone.ts';
import type { Figure } from './report.ts';

interface Stage {
  readonly local: LocalProcess;
  readonly client: PipelineClient;
}

const MIB = 1_048_576;
const BIG_MIB = 1024;
const BIG = '1 GiB in one object';
const BIG_ROUNDS = 3;
const SMALL_BYTES = 16_384;
const SMALL_OBJECTS = 2_000;
const SMALL = '2,000 objects of 16 KiB';
const WARM_UPS = 50;
const UPLOADS_AT_ONCE = 16;
const PATIENCE_MS = 1_800_000;
const TENANT = tenantIdSchema.parse('acme');

/** The figures of one operation of one role, as the front of the local AWS tells them. */
const timingsSchema = z.array(
  z.object({ service: z.string(), operation: z.string(), role: z.string().optional(), totalMs: z.number() }),
);

export async function benchPipeline(): Promise<readonly Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sealstream-bench-'));
  const local = await startLocalProcess({ sandboxes: 2 });
  try {
    const stage = { local, client: new PipelineClient(local.endpoint) };
    await uploadSmall(stage, 'warm-up/', WARM_UPS);
    const small = await manySmallObjects(stage);
    const file = join(folder, 'big.bin');
    await writeFile(file, blocks(BIG_MIB * MIB));
    return [...small, ...(await oneBigObject(stage, file))];
  } finally {
    await local.close();
    await rm(folder, { recursive: true });
  }
}

async function manySmallObjects(stage: Stage): Promise<readonly Figure[]> {
  await stage.local.tell('DELETE', 'timings');
  const { uploadSeconds, seconds } = await uploadSmall(stage, 'small/', SMALL_OBJECTS);
  return [
    { name: `${SMALL}: first upload → all sealed`, value: seconds, unit: 's' },
    { name: `${SMALL}: rate`, value: SMALL_OBJECTS / seconds, unit: 'objects/s' },
    {
      name: `${SMALL}: rate from the last upload on`,
      value: SMALL_OBJECTS / (seconds - uploadSeconds),
      unit: 'objects/s',
    },
    ...(await whereTimeGoes(stage, SMALL)),
  ];
}

/** Uploads objects and waits until all are sealed. Both times count from the first upload. */
async function uploadSmall(
  { client }: Stage,
  prefix: string,
  objects: number,
): Promise<{ readonly uploadSeconds: number; readonly seconds: number }> {
  const limit = pLimit(UPLOADS_AT_ONCE);
  const startedAt = performance.now();
  const uploads = Array.from({ length: objects }, async (_, index) =>
    limit(async () => client.upload(TENANT, `${prefix}${index}`, randomBytes(SMALL_BYTES))),
  );
  await Promise.all(uploads);
  const uploadSeconds = (performance.now() - startedAt) / 1000;
  await allSealed(client.s3, { tenantId: TENANT, prefix, objects }, AbortSignal.timeout(PATIENCE_MS));
  return { uploadSeconds, seconds: (performance.now() - startedAt) / 1000 };
}

async function oneBigObject(stage: Stage, file: string): Promise<readonly Figure[]> {
  const { local, client } = stage;
  await local.tell('DELETE', 'timings');
  const rclone = await findRclone(local.endpoint, client.s3);
  let round = 0;
  const ours = async (): Promise<void> => {
    round += 1;
    const uploaded = await client.upload(TENANT, `big-${round}.bin`, createReadStream(file));
    await client.sealed(uploaded, AbortSignal.timeout(PATIENCE_MS));
  };
  const theirs = async (): Promise<void> => rclone?.copy(file, `big-${round}.bin`);
  const [oursMs = Number.NaN, theirsMs = Number.NaN] = await medians([ours, theirs], BIG_ROUNDS, 0);
  const seconds = oursMs / 1000;
  return [
    { name: `${BIG}: upload → sealed`, value: seconds, unit: 's' },
    { name: `${BIG}: throughput`, value: BIG_MIB / seconds, unit: 'MiB/s' },
    ...besideRclone(rclone, seconds, theirsMs / 1000),
    ...(await whereTimeGoes(stage, `${BIG}, ${BIG_ROUNDS} times`)),
  ];
}

function besideRclone(
  rclone: Rclone | undefined,
  ourSeconds: number,
  theirSeconds: number,
): readonly Figure[] {
  const name = `${BIG}: upload → sealed / rclone crypt of the same file`;
  if (rclone === undefined)
    return [{ name: `${name} (rclone is not installed)`, value: Number.NaN, unit: '×' }];
  return [
    { name: `${BIG}: rclone crypt`, value: theirSeconds, unit: 's' },
    { name, value: ourSeconds / theirSeconds, unit: '×', reach: { atMost: 1 } },
  ];
}

/** Seconds the encrypt sandboxes waited for each service, as the services saw it; the rest is theirs: encryption. */
async function whereTimeGoes({ local }: Stage, title: string): Promise<readonly Figure[]> {
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
