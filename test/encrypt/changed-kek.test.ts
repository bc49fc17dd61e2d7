import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { encryptJob } from '../../shared/encrypt/encrypt-job.ts';
import { jobsOf } from '../../shared/object/job.ts';
import type { Plan } from '../../shared/object/plan.ts';
import { planNotification } from '../../shared/ingest/plan-upload.ts';
import { entryKey } from '../../shared/object/vault-key.ts';
import { decodeManifest } from '../../shared/manifest/manifest.ts';
import { openObject } from '../../shared/manifest/open.ts';
import { restore } from '../../shared/restore/restore.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';
import { CHUNK_BYTES, NEVER, planned, recordOf, sealed, type World, world } from '../support/world.ts';

const NEW_ARN = 'arn:aws:kms:us-east-1:111111111111:key/00000000-0000-4000-8000-000000000001';
const CHANGED: Tenant = {
  ...ACME,
  kekArn: NEW_ARN,
  epoch: ACME.epoch + 1,
  retiredKeks: [{ kekArn: ACME.kekArn, replicaArns: [], branchKeyIds: [] }],
};

function changeKey({ state, kms }: World): void {
  kms.addKey(NEW_ARN);
  state.tenants.set(ACME.tenantId, CHANGED);
}

async function doJobsFrom(ports: World, plan: Plan, from: number): Promise<void> {
  for (const job of jobsOf(plan, from)) await encryptJob(JSON.stringify(job), ports, NEVER);
}

async function restoreContent({ destinations, ...ports }: World, key: string): Promise<Buffer | undefined> {
  const destination = { bucket: 'restored', key };
  await restore({ tenantId: ACME.tenantId, key, destination }, { destinations, ...ports }, NEVER);
  return destinations.objects.get(`restored/${key}`)?.body;
}

test('an object that was planned before its tenant changed its KEK is finished under the old one', async () => {
  const ports = world();
  const body = randomBytes(2 * CHUNK_BYTES);
  const plan = planned(ports, body);
  const [first] = jobsOf(plan, 0);
  await encryptJob(JSON.stringify(first), ports, NEVER);
  changeKey(ports);
  await doJobsFrom(ports, plan, 1);
  expect(ports.kms.calls.every(({ keyArn }) => keyArn === ACME.kekArn)).toBe(true);
  const stored = await ports.vault.getEntry(entryKey(ACME.tenantId, plan.key));
  const { clear } = decodeManifest(stored?.body ?? new Uint8Array());
  expect(clear).toMatchObject({ kekArn: ACME.kekArn, epoch: CHANGED.epoch });
  expect((await restoreContent(ports, plan.key))?.equals(body)).toBe(true);
});

test('what is uploaded after the change is planned and encrypted under the new KEK', async () => {
  const ports = world();
  changeKey(ports);
  const notification = JSON.stringify({ Records: [recordOf(Buffer.alloc(10))] });
  const [plan] = await planNotification(notification, ports, NEVER);
  expect(plan).toMatchObject({ kekArn: NEW_ARN });
  const body = randomBytes(10);
  const { key } = await sealed(ports, body);
  expect(new Set(ports.kms.calls.map(({ keyArn }) => keyArn))).toEqual(new Set([NEW_ARN]));
  expect((await restoreContent(ports, key))?.equals(body)).toBe(true);
});

test('a redelivered notification keeps the KEK of the first plan', async () => {
  const ports = world();
  const notification = JSON.stringify({ Records: [recordOf(Buffer.alloc(10))] });
  await planNotification(notification, ports, NEVER);
  changeKey(ports);
  expect(await planNotification(notification, ports, NEVER)).toMatchObject([{ kekArn: ACME.kekArn }]);
});

test.each([
  ['of another tenant', GLOBEX.kekArn],
  ['that is only a replica', 'arn:aws:kms:eu-west-1:111111111111:key/mrk-1'],
])('a manifest under a KEK %s is refused before KMS is asked', async (_, kekArn) => {
  const ports = world();
  const plan = await sealed(ports, randomBytes(10));
  const tenant = { ...CHANGED, replicaArns: ['arn:aws:kms:eu-west-1:111111111111:key/mrk-1'] };
  const stored = await ports.vault.getEntry(entryKey(ACME.tenantId, plan.key));
  const edited = { ...JSON.parse(Buffer.from(stored?.body ?? []).toString()), kekArn };
  const vault = { getEntry: async () => ({ body: Buffer.from(JSON.stringify(edited)), etag: 'x' }) };
  const asked = ports.kms.calls.length;
  await expect(
    openObject({ tenant, key: plan.key, signal: NEVER }, { ...ports, vault }),
  ).rejects.toMatchObject({
    code: 'ERR_MANIFEST_INVALID',
  });
  expect(ports.kms.calls).toHaveLength(asked);
});

test('a manifest relabelled with the tenant’s other KEK does not open', async () => {
  const ports = world();
  const plan = await sealed(ports, randomBytes(10));
  changeKey(ports);
  const stored = await ports.vault.getEntry(entryKey(ACME.tenantId, plan.key));
  const edited = { ...JSON.parse(Buffer.from(stored?.body ?? []).toString()), kekArn: NEW_ARN };
  const vault = { getEntry: async () => ({ body: Buffer.from(JSON.stringify(edited)), etag: 'x' }) };
  await expect(
    openObject({ tenant: CHANGED, key: plan.key, signal: NEVER }, { ...ports, vault }),
  ).rejects.toMatchObject({
    code: 'ERR_AUTHENTICATION_FAILED',
  });
});
