/** Measures each key mode: calls of KMS and objects a second, by the envelope alone and through the whole pipeline. */
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';
import * as z from 'zod';
import { registryOf } from '../laptop/drill/registry.ts';
import type { LocalProcess } from '../laptop/local-process.ts';
import { ENCRYPT_ROLE, ISV_ACCOUNT, REGION } from '../laptop/names.ts';
import { PipelineClient } from '../laptop/client.ts';
import type { KeyMode, Tenant } from '../shared/tenant/tenant.ts';
import { addTenant } from './bench-tenant.ts';
import type { Figure } from './report.ts';

export const SANDBOXES = 4;
const OBJECTS = 2_000;
/** Uploads through the whole pipeline. The local S3 and DynamoDB take most of that time. */
const UPLOADS = 400;
const OBJECT_BYTES = 16_384;
const KMS_LATENCY_MS = 20;
const UPLOADS_AT_ONCE = 16;
const PATIENCE_MS = 600_000;
const PROGRAM = fileURLToPath(new URL('key-sandbox-program.ts', import.meta.url));

/** The most calls of KMS when keys are cached: one per sandbox, and one renewal of each key. */
const MOST_CALLS = 2 * SANDBOXES;
const KEY_MODES = ['per-chunk', 'cached', 'hierarchical'] as const;

const callsSchema = z.array(
  z.object({
    roleArn: z.string().optional(),
    dryRun: z.boolean(),
    encryptionContext: z.record(z.string(), z.string()).optional(),
  }),
);

interface Run {
  readonly calls: number;
  readonly callsOfSeals: number;
  readonly objectsPerSecond: number;
}

/** Measures all key modes on a local AWS with `SANDBOXES` sandboxes. */
export async function benchKeyModes(local: LocalProcess): Promise<readonly Figure[]> {
  for (const keyMode of KEY_MODES) await addTenant(local, tenantIdOf(keyMode), keyMode);
  const near = await runs(async (keyMode) => await encryptAll(local, keyMode));
  const whole = await runs(async (keyMode) => await sealAll(local, keyMode));
  const effect = { latencyMs: KMS_LATENCY_MS };
  await local.tell('POST', 'faults', { service: 'kms', when: 'before', effect });
  const far = await runs(async (keyMode) => await encryptAll(local, keyMode));
  await local.tell('DELETE', 'faults');
  return [
    ...figuresOf('2,000 objects of 16 KiB, encrypted', OBJECTS, near),
    ...figuresOf(`the same, KMS ${KMS_LATENCY_MS} ms away`, OBJECTS, far),
    {
      name: `KMS ${KMS_LATENCY_MS} ms away: hierarchical / per-chunk`,
      value: far.hierarchical.objectsPerSecond / far['per-chunk'].objectsPerSecond,
      unit: '×',
      reach: { atLeast: 3 },
    },
    ...figuresOf(`${UPLOADS} uploads of 16 KiB, sealed`, UPLOADS, whole),
  ];
}

type Runs = Readonly<Record<KeyMode, Run>>;

/** Runs one key mode after the other. */
async function runs(run: (keyMode: KeyMode) => Promise<Run>): Promise<Runs> {
  return {
    'per-chunk': await run('per-chunk'),
    cached: await run('cached'),
    hierarchical: await run('hierarchical'),
  };
}

/** Returns the figures of each key mode. In keyMode per-chunk each seal is a message with a DEK of its own. */
function figuresOf(title: string, objects: number, modes: Runs): readonly Figure[] {
  return KEY_MODES.flatMap((keyMode) => {
    const { calls, callsOfSeals, objectsPerSecond } = modes[keyMode];
    const name = `${title}, ${keyMode}`;
    const reach = { atMost: keyMode === 'per-chunk' ? objects : MOST_CALLS };
    const seals = { name: `${name}: for seals`, value: callsOfSeals, unit: 'KMS calls' };
    return [
      { name: `${name}: for chunks`, value: calls - callsOfSeals, unit: 'KMS calls', reach },
      ...(callsOfSeals > 0 ? [seals] : []),
      { name, value: objectsPerSecond, unit: 'objects/s' },
    ];
  });
}

/** Encrypts all objects in sandboxes that do nothing else. */
async function encryptAll(local: LocalProcess, keyMode: KeyMode): Promise<Run> {
  const tenant = await registryOf(local.endpoint).tenant(tenantIdOf(keyMode));
  const sandboxes = await Promise.all(
    Array.from({ length: SANDBOXES }, async () => await readySandbox(local, tenant)),
  );
  return await measured(local, OBJECTS, async () => {
    await Promise.all(sandboxes.map(async (encryptShare) => await encryptShare()));
  });
}

/** Resolves when the sandbox is warm, with a function that makes it encrypt its share. */
async function readySandbox({ endpoint }: LocalProcess, tenant: Tenant): Promise<() => Promise<void>> {
  const child = fork(PROGRAM, {
    env: {
      ...process.env,
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: `${ISV_ACCOUNT}.${ENCRYPT_ROLE}`,
      AWS_SECRET_ACCESS_KEY: 'local',
    },
  });
  const said = async (): Promise<void> => {
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('a sandbox ended early')));
    await Promise.race([once(child, 'message'), ended]);
  };
  child.send({ tenant, objects: OBJECTS / SANDBOXES, objectBytes: OBJECT_BYTES });
  await said();
  return async () => {
    child.send('go');
    await said();
  };
}

/** Uploads all objects and waits until the pipeline has sealed them. */
async function sealAll(local: LocalProcess, keyMode: KeyMode): Promise<Run> {
  const client = new PipelineClient(local.endpoint);
  const limit = pLimit(UPLOADS_AT_ONCE);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const body = randomBytes(OBJECT_BYTES);
  return await measured(local, UPLOADS, async () => {
    const objects = await Promise.all(
      Array.from(
        { length: UPLOADS },
        async (_, index) =>
          await limit(async () => await client.upload(tenantIdOf(keyMode), String(index), body)),
      ),
    );
    for (const object of objects) await client.sealed(object, signal);
  });
}

async function measured(local: LocalProcess, objects: number, work: () => Promise<void>): Promise<Run> {
  await local.tell('DELETE', 'kms/calls');
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const calls = (await local.ask('kms/calls', callsSchema)).filter(
    ({ roleArn, dryRun }) => !dryRun && roleArn?.endsWith(`:role/${ENCRYPT_ROLE}`),
  );
  const ofSeals = calls.filter(({ encryptionContext }) => encryptionContext?.['purpose'] === 'manifest');
  return { calls: calls.length, callsOfSeals: ofSeals.length, objectsPerSecond: objects / seconds };
}

function tenantIdOf(keyMode: KeyMode): string {
  return `bench-${keyMode}`;
}
