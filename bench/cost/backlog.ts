/**
 * A steady load without waiting for one: the queues are held until their backlog is complete, so that every batch
 * but the last is full.
 */
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { setTimeout as delay } from 'node:timers/promises';
import { Readable } from 'node:stream';
import pLimit from 'p-limit';
import { PipelineClient, type Uploaded } from '../../laptop/client.ts';
import type { LocalProcess } from '../../laptop/local-process.ts';
import { ENCRYPT_ROLE, functionName, ISV_ACCOUNT, REGION } from '../../laptop/names.ts';
import { blocks } from '../blocks.ts';

export interface Backlog {
  readonly tenantId: string;
  readonly objects: number;
  readonly objectBytes: number;
}

/** The role of `ingest`. It is not among the names of the laptop, because no key policy names it. */
export const INGEST_ROLE: string = functionName('ingest');
const UPLOADS_AT_ONCE = 8;
const POLL_MS = 50;
const PATIENCE_MS = 900_000;

/** Uploads all objects, then lets `ingest` plan all of them, then lets `encrypt` seal all of them. */
export async function sealBacklog(local: LocalProcess, backlog: Backlog): Promise<void> {
  const client = new PipelineClient(local.endpoint);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  await hold(local, [INGEST_ROLE, ENCRYPT_ROLE]);
  const uploaded = await upload(client, backlog);
  await hold(local, [ENCRYPT_ROLE]);
  await drained(local, 'uploads', signal);
  // Nothing is left to plan, and the empty queue would be polled in vain.
  await hold(local, [INGEST_ROLE]);
  for (const object of uploaded) await client.sealed(object, signal);
  await drained(local, 'chunks', signal);
  await hold(local, []);
}

/** Holds every ReceiveMessage of these roles from now on, and lets go of those of others. */
async function hold(local: LocalProcess, roles: readonly string[]): Promise<void> {
  const held = {
    service: 'sqs',
    operation: 'ReceiveMessage',
    when: 'before',
    effect: { latencyMs: PATIENCE_MS },
  };
  await local.tell('DELETE', 'faults');
  for (const role of roles) await local.tell('POST', 'faults', { ...held, role });
}

async function upload(
  client: PipelineClient,
  { tenantId, objects, objectBytes }: Backlog,
): Promise<readonly Uploaded[]> {
  const limit = pLimit(UPLOADS_AT_ONCE);
  const body = (): Readable => Readable.from(blocks(objectBytes));
  return await Promise.all(
    Array.from(
      { length: objects },
      async (_, index) =>
        await limit(async () => await client.upload(tenantId, `${objectBytes}/${index}`, body())),
    ),
  );
}

/** Resolves when the queue has no message, waiting or in flight. */
async function drained({ endpoint }: LocalProcess, queue: string, signal: AbortSignal): Promise<void> {
  const credentials = { accessKeyId: ISV_ACCOUNT, secretAccessKey: 'local' };
  const sqs = new SQSClient({ endpoint, region: REGION, credentials });
  const command = new GetQueueAttributesCommand({
    QueueUrl: `${endpoint}/${ISV_ACCOUNT}/sealstream-local-${queue}`,
    AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
  });
  for (;;) {
    const { Attributes = {} } = await sqs.send(command, { abortSignal: signal });
    if (Object.values(Attributes).every((count) => count === '0')) return;
    await delay(POLL_MS, undefined, { signal });
  }
}
