/**
 * A tenant whose key cannot be used has its work wait, for longer than any retry would last, while the others' goes
 * on; when the key works again, the work comes back by itself.
 */
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ISV_ACCOUNT, REGION, STATE_TABLE } from '../../local/names.ts';
import type { Uploaded } from '../../local/pipeline-client.ts';
import { keyPolicy } from '../../onboarding/key-policy.ts';
import { CHUNK_BYTES } from '../support/chunk-bytes.ts';
import { type Pipeline, startPipeline, TENANT_ACCOUNTS } from '../support/pipeline.ts';
import { expectQuiet, sourceExists } from '../support/sealed-once.ts';

/** One more than the chunk queue's maxReceiveCount: retried work would be in the DLQ by then. */
const ROUNDS = 21;
/** Longer than the visibility timeout of the queues. */
const ROUND_MS = 125_000;
/** A tenant that is registered with a key that does not exist. */
const KEYLESS = { tenantId: 'umbrella', accountId: '444444444444' };
const CHUNKS = 2;
const BYTES = (CHUNKS - 1) * CHUNK_BYTES + 1000;

const callsSchema = z.array(
  z.object({ outcome: z.string(), encryptionContext: z.record(z.string(), z.string()).optional() }),
);

interface Waiting {
  readonly uploaded: Uploaded;
  readonly content: Buffer;
}

/** A line of the functions' log about a message that was not done. */
const parkedSchema = z.object({ disposition: z.string(), code: z.string() });

let pipeline: Pipeline;
let dataDir: string;
const waiting = new Map<string, Waiting>();

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'key-trouble-'));
  pipeline = await startPipeline({ dataDir });
  await Promise.all(['acme', 'initech'].map(async (tenant) => await sealed(tenant, 'earlier.bin')));
  await pipeline.disableKey('acme');
  await pipeline.putKeyPolicy('initech', { Version: '2012-10-17', Statement: [delegation('initech')] });
  await register(`arn:aws:kms:${REGION}:${KEYLESS.accountId}:key/${randomUUID()}`);
  for (const tenant of ['acme', 'initech', 'umbrella']) {
    const content = randomBytes(BYTES);
    const uploaded = await pipeline.client.upload(tenant, 'waits.bin', content);
    waiting.set(tenant, { uploaded, content });
  }
});
afterAll(async () => {
  await pipeline[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true, force: true });
});

describe('while keys cannot be used', () => {
  it('the work is asked again and again, and neither rejected nor dead', async () => {
    for (let round = 1; round <= ROUNDS; round += 1) {
      await pipeline.until(async () => (await isParked()) && (await isRefusedEverywhere(round)));
      await pipeline.advanceClock(ROUND_MS);
    }
    expect(await pipeline.depth('chunks-dlq')).toBe(0);
    expect(await pipeline.depth('uploads-dlq')).toBe(0);
    expect(await pipeline.rejections()).toEqual([]);
  });

  it('its messages do not multiply', async () => {
    await pipeline.until(isParked);
    expect(await pipeline.depth('chunks')).toBe(CHUNKS * waiting.size);
    expect(await pipeline.depth('uploads')).toBe(0);
  });

  it.each(['acme', 'initech', 'umbrella'])('%s keeps its source and has nothing sealed', async (tenant) => {
    const { uploaded } = waitingOf(tenant);
    expect(await sourceExists(pipeline, uploaded)).toBe(true);
    expect(await pipeline.vaultKeys(`${tenant}/objects/waits.bin`)).toEqual([]);
    expect(await pipeline.vaultKeys(`${tenant}/chunks/${uploaded.objectId}/`)).toEqual([]);
  });

  it.each([
    ['acme', 'a disabled key', 'ERR_TENANT_KEY_UNUSABLE'],
    ['initech', 'a key policy that leaves us out', 'ERR_TENANT_KEY_DENIED'],
    ['umbrella', 'a key that does not exist', 'ERR_TENANT_KEY_UNUSABLE'],
  ])('%s, with %s, is logged as parked and why', async (tenant, _trouble, code) => {
    const lines = (await readFile(join(dataDir, 'functions.log'), 'utf8')).split('\n');
    const parked = lines
      .filter((line) => line.includes(`tenant ${tenant}, key`))
      .map((line) => parkedSchema.parse(JSON.parse(line.slice(line.indexOf('{')))));
    expect(parked.length).toBeGreaterThanOrEqual(ROUNDS);
    expect(new Set(parked.map((line) => `${line.disposition} ${line.code}`))).toEqual(
      new Set([`park ${code}`]),
    );
  });

  it('another tenant’s uploads are sealed and restored', async () => {
    const content = await sealed('globex', 'meanwhile.bin');
    expect(await pipeline.restored('globex', 'meanwhile.bin')).toEqual(content);
  });

  it.each([
    ['acme', 'a disabled key', 'ERR_TENANT_KEY_UNUSABLE'],
    ['initech', 'a key policy that leaves us out', 'ERR_TENANT_KEY_DENIED'],
  ])('%s, with %s, has nothing restored', async (tenant, _trouble, code) => {
    const request = { tenantId: tenant, key: 'earlier.bin' };
    await expect(pipeline.client.restore(request)).rejects.toMatchObject({ code });
  });
});

describe('when keys can be used again', () => {
  it('enabling the key seals and restores everything', async () => {
    await pipeline.enableKey('acme');
    expect(await comesBack('acme')).toBe(true);
    expect((await pipeline.restored('acme', 'earlier.bin')).length).toBe(BYTES);
  });

  it('granting the key again seals and restores everything', async () => {
    await pipeline.putKeyPolicy('initech', policyOf('initech', TENANT_ACCOUNTS.initech));
    expect(await comesBack('initech')).toBe(true);
    expect((await pipeline.restored('initech', 'earlier.bin')).length).toBe(BYTES);
  });

  it('registering a key that exists seals and restores everything', async () => {
    const kms = new KMSClient(pipeline.identity(KEYLESS.accountId));
    const Policy = JSON.stringify(policyOf(KEYLESS.tenantId, KEYLESS.accountId));
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Policy }));
    await register(KeyMetadata?.Arn ?? '');
    expect(await comesBack('umbrella')).toBe(true);
  });

  it('nothing is left on the queues, in the DLQs or among the rejections', async () => {
    await expectQuiet(pipeline);
    expect(await pipeline.depth('chunks')).toBe(0);
  });
});

async function sealed(tenant: string, key: string): Promise<Buffer> {
  const content = randomBytes(BYTES);
  await pipeline.sealed(await pipeline.client.upload(tenant, key, content));
  return content;
}

/** Whether what waited is sealed by now, and restored as it was. */
async function comesBack(tenant: string): Promise<boolean> {
  const { uploaded, content } = waitingOf(tenant);
  await pipeline.sealedInTime(uploaded);
  return (await pipeline.restored(tenant, uploaded.key)).equals(content);
}

function waitingOf(tenant: string): Waiting {
  const found = waiting.get(tenant);
  if (found === undefined) throw new Error(`nothing of ${tenant} waits`);
  return found;
}

/** Whether every waiting chunk has put itself back on the queue: one copy each, hidden for its pause. */
async function isParked(): Promise<boolean> {
  const { Attributes = {} } = await pipeline.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: pipeline.queueUrl('chunks'), AttributeNames: ['All'] }),
  );
  const { ApproximateNumberOfMessagesDelayed: delayed, ApproximateNumberOfMessagesNotVisible: held } =
    Attributes;
  return Number(delayed) === CHUNKS * waiting.size && Number(held) === 0;
}

/** Whether KMS has refused every waiting chunk so often. */
async function isRefusedEverywhere(times: number): Promise<boolean> {
  const calls = await pipeline.local.ask('kms/calls', callsSchema);
  return [...waiting.values()].every(({ uploaded }) =>
    Array.from({ length: CHUNKS }, (_, index) => String(index)).every(
      (index) => refusals(calls, uploaded, index) >= times,
    ),
  );
}

function refusals(calls: z.infer<typeof callsSchema>, { objectId }: Uploaded, chunkIndex: string): number {
  return calls.filter(
    ({ outcome, encryptionContext = {} }) =>
      outcome !== 'Success' &&
      encryptionContext['object-id'] === objectId &&
      encryptionContext['chunk-index'] === chunkIndex,
  ).length;
}

async function register(kekArn: string): Promise<void> {
  const signal = { name: 'registered', at: '2026-01-01T00:00:00.000Z' };
  const tenant = { tenantId: KEYLESS.tenantId, kekArn, status: 'active', epoch: 1, signal };
  const Item = { pk: `tenant#${KEYLESS.tenantId}`, sk: 'tenant', ...tenant };
  await pipeline.table.send(new PutCommand({ TableName: STATE_TABLE, Item }));
}

/** The key stays the tenant's, and nobody else's. */
function delegation(tenant: keyof typeof TENANT_ACCOUNTS): object {
  return {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${TENANT_ACCOUNTS[tenant]}:root` },
    Action: 'kms:*',
    Resource: '*',
  };
}

function policyOf(tenantId: string, tenantAccountId: string): object {
  return keyPolicy({
    tenantId,
    tenantAccountId,
    encryptRoleArn: roleArn('encrypt'),
    restoreRoleArn: roleArn('restore'),
    controlRoleArn: roleArn('control'),
  });
}

function roleArn(name: string): string {
  return `arn:aws:iam::${ISV_ACCOUNT}:role/sealstream-local-${name}`;
}
