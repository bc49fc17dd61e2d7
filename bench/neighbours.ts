/**
 * A flood by one tenant, and how long another's objects take meanwhile. What is scarce must be the sandboxes, as on
 * AWS, not the two cores that a laptop shares out to all of this; so the encrypt sandboxes wait long for each chunk's write.
 * And the flood is planned first: S3 puts no message group on its notifications, so the upload queue is served by age.
 */
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { json } from 'node:stream/consumers';
import pLimit from 'p-limit';
import * as z from 'zod';
import { median } from '../laptop/drill/median.ts';
import { type LocalProcess, startLocalProcess } from '../laptop/local-process.ts';
import { ENCRYPT_ROLE, ISV_ACCOUNT, REGION, VAULT_BUCKET } from '../laptop/names.ts';
import { PipelineClient, type Uploaded } from '../laptop/client.ts';
import { entryKey } from '../shared/object/vault-key.ts';
import type { Figure } from './report.ts';

const OBJECT_BYTES = 16_384;
const WRITE_LATENCY_MS = 4_000;
/** A quiet tenant's job waits until one of them is free. */
const SANDBOXES = 8;
/** 20 s of work for them, at ten a sandbox. */
const FLOOD_OBJECTS = 400;
const WARM_UPS = 2 * 10 * SANDBOXES;
const UPLOADS_AT_ONCE = 16;
/** The number of objects of the other tenant. */
const OBJECTS = 12;
const EVERY_MS = 900;
const PATIENCE_MS = 300_000;
const LOOK_EVERY_MS = 100;

const manifestSchema = z.object({ sealedAt: z.string() });

export async function benchNeighbours(): Promise<readonly Figure[]> {
  const local = await startLocalProcess({ sandboxes: SANDBOXES });
  try {
    return await flood(local);
  } finally {
    await local.close();
  }
}

async function flood(local: LocalProcess): Promise<readonly Figure[]> {
  const client = new PipelineClient(local.endpoint);
  const write = {
    service: 's3',
    operation: 'PutObject',
    match: '/chunks/',
    role: ENCRYPT_ROLE,
    when: 'before',
  };
  await local.tell('POST', 'faults', { ...write, effect: { latencyMs: WRITE_LATENCY_MS } });
  // As many as the sandboxes take at once, so that all of them are warm.
  await uploadMany(client, 'initech', WARM_UPS);
  await done(local);
  const alone = median(await sealingSeconds(client));
  await uploadMany(client, 'acme', FLOOD_OBJECTS);
  await planned(local);
  const flooded = median(await sealingSeconds(client));
  const left = await waiting(local, 'chunks');
  return [
    { name: 'an object’s way to its seal, alone', value: alone, unit: 's' },
    { name: 'the same while another tenant floods us', value: flooded, unit: 's' },
    { name: 'the flood’s jobs that were left then', value: left, unit: 'jobs', reach: { atLeast: 1 } },
    { name: 'in a flood / alone', value: flooded / alone, unit: '×', reach: { atMost: 1.5 } },
  ];
}

async function uploadMany(client: PipelineClient, tenantId: string, objects: number): Promise<void> {
  const limit = pLimit(UPLOADS_AT_ONCE);
  const body = randomBytes(OBJECT_BYTES);
  await Promise.all(
    Array.from(
      { length: objects },
      async (_, index) => await limit(async () => await client.upload(tenantId, `many/${index}`, body)),
    ),
  );
}

/**
 * Of objects that come one by one: from upload done to sealed, as their manifests say. Only one is looked for at a
 * time, so that the looking costs little.
 */
async function sealingSeconds(client: PipelineClient): Promise<readonly number[]> {
  const body = randomBytes(OBJECT_BYTES);
  const uploads = await Promise.all(
    Array.from({ length: OBJECTS }, async (_, index) => {
      await delay(index * EVERY_MS);
      const uploaded = await client.upload('globex', `quiet/${index}`, body);
      return { uploaded, atMs: Date.now() };
    }),
  );
  const seconds: number[] = [];
  for (const { uploaded, atMs } of uploads) {
    await client.sealed(uploaded, AbortSignal.timeout(PATIENCE_MS));
    seconds.push(((await sealedAtMs(client, uploaded)) - atMs) / 1000);
  }
  return seconds;
}

async function sealedAtMs(client: PipelineClient, { tenantId, key }: Uploaded): Promise<number> {
  const manifest = await json(await client.read(VAULT_BUCKET, entryKey(tenantId, key)));
  return Date.parse(manifestSchema.parse(manifest).sealedAt);
}

async function planned(local: LocalProcess): Promise<void> {
  while ((await waiting(local, 'uploads')) > 0) await delay(LOOK_EVERY_MS);
}

/** Nothing is left to plan or to encrypt. */
async function done(local: LocalProcess): Promise<void> {
  await planned(local);
  while ((await waiting(local, 'chunks')) > 0) await delay(LOOK_EVERY_MS);
}

/** Messages in the queue, those in flight included. */
async function waiting({ endpoint }: LocalProcess, queue: 'uploads' | 'chunks'): Promise<number> {
  const credentials = { accessKeyId: ISV_ACCOUNT, secretAccessKey: 'local' };
  const sqs = new SQSClient({ endpoint, region: REGION, credentials });
  const QueueUrl = `${endpoint}/${ISV_ACCOUNT}/sealstream-local-${queue}`;
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  const { ApproximateNumberOfMessages: visible = 0, ApproximateNumberOfMessagesNotVisible: inFlight = 0 } =
    Attributes ?? {};
  return Number(visible) + Number(inFlight);
}
