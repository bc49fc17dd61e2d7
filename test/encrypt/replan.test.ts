/** Objects that are planned anew, and the work of their earlier plans. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encryptJob } from '../../shared/encrypt/encrypt-job.ts';
import { jobsOf } from '../../shared/object/job.ts';
import type { Plan } from '../../shared/object/plan.ts';
import { chunkKey, entryKey } from '../../shared/object/vault-key.ts';
import { decodeManifest } from '../../shared/manifest/manifest.ts';
import { seal } from '../../shared/manifest/seal.ts';
import { restore } from '../../shared/restore/restore.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { ACME } from '../support/tenants.ts';
import { CHUNK_BYTES, NEVER, planned, sealed, SEALED_AT, world, type World } from '../support/world.ts';

const SIZE = 2 * CHUNK_BYTES + 1;
const NEW_ARN = 'arn:aws:kms:us-east-1:111111111111:key/00000000-0000-4000-8000-000000000001';
const WRONG_ARN = 'arn:aws:kms:us-east-1:111111111111:key/00000000-0000-4000-8000-00000000dead';
const REPLICA_ARN = 'arn:aws:kms:eu-west-1:111111111111:key/00000000-0000-4000-8000-000000000002';
const CHANGED: Tenant = {
  ...ACME,
  kekArn: NEW_ARN,
  epoch: ACME.epoch + 1,
  retiredKeks: [{ kekArn: ACME.kekArn, replicaArns: [], branchKeyIds: [] }],
};

/** Replaces the tenant's KEK, and has KMS refuse the old one from then on. */
function changeKey({ state, kms }: World, exceptionName = 'KMSInvalidStateException'): void {
  kms.addKey(NEW_ARN);
  kms.refuse(ACME.kekArn, exceptionName);
  state.tenants.set(ACME.tenantId, CHANGED);
}

interface Expected {
  readonly kekArn: string;
  readonly body: Buffer;
}

async function doJobs(ports: World, plan: Plan, chunkIndexes: readonly number[]): Promise<void> {
  for (const job of [...jobsOf(plan, 0)].filter(({ chunkIndex }) => chunkIndexes.includes(chunkIndex)))
    await encryptJob(JSON.stringify(job), ports, NEVER);
}

/** Expects the object sealed under that KEK alone and restored byte for byte, and its source gone. */
async function expectSealed(ports: World, plan: Plan, { kekArn, body }: Expected): Promise<void> {
  const manifest = ports.vault.objects.get(entryKey(plan.tenantId, plan.key)) ?? Buffer.alloc(0);
  expect(decodeManifest(manifest).clear.kekArn).toBe(kekArn);
  const destination = { bucket: 'restored', key: 'acme/x' };
  await restore({ tenantId: plan.tenantId, key: plan.key, destination }, ports, NEVER);
  expect(ports.destinations.objects.get('restored/acme/x')?.body.equals(body)).toBe(true);
  expect(ports.sources.versions.size).toBe(0);
}

describe('an object planned under a key that is none of its tenant’s', () => {
  test('is planned anew under the current one, and sealed by its jobs', async () => {
    const ports = world();
    const body = randomBytes(SIZE);
    const plan = planned(ports, body);
    ports.state.plans.set(plan.objectId, { ...plan, kekArn: WRONG_ARN });
    await doJobs(ports, plan, [0, 1, 2]);
    expect(ports.state.plans.get(plan.objectId)).toMatchObject({ generation: 1, kekArn: ACME.kekArn });
    await expectSealed(ports, plan, { kekArn: ACME.kekArn, body });
  });
});

describe('an object planned under a retired key that KMS refuses', () => {
  test.each(['DisabledException', 'KMSInvalidStateException', 'NotFoundException', 'AccessDeniedException'])(
    'with %s is sealed under the current one, though some chunks were written',
    async (exceptionName) => {
      const ports = world();
      const body = randomBytes(SIZE);
      const plan = planned(ports, body);
      await doJobs(ports, plan, [0, 1]);
      changeKey(ports, exceptionName);
      await doJobs(ports, plan, [2]);
      expect(ports.state.plans.get(plan.objectId)).toMatchObject({ generation: 1, kekArn: NEW_ARN });
      expect(ports.sources.versions.size).toBe(1);
      // The watch sends the jobs of the chunks that have no receipt of this generation.
      await doJobs(ports, plan, [0, 1]);
      await expectSealed(ports, plan, { kekArn: NEW_ARN, body });
    },
  );

  test('is sealed under the current one, though all of its chunks were written', async () => {
    const ports = world();
    const body = randomBytes(SIZE);
    const plan = planned(ports, body);
    await doJobs(ports, plan, [0, 1]);
    const changing: World['sources']['describe'] = async (source) => {
      changeKey(ports);
      return await ports.sources.describe(source);
    };
    const disturbed = { ...ports, sources: { ...ports.sources, describe: changing } };
    await expect(doJobs(disturbed, plan, [2])).rejects.toMatchObject({ code: 'ERR_TENANT_KEY_UNUSABLE' });
    expect(ports.sources.versions.size).toBe(1);
    await doJobs(ports, plan, [0, 1, 2]);
    await expectSealed(ports, plan, { kekArn: NEW_ARN, body });
  });

  test('in a replica, while the key’s own region is out of reach, is sealed under the current one', async () => {
    const ports = world();
    const body = randomBytes(SIZE);
    const plan = planned(ports, body);
    changeKey(ports, 'KMSInternalException');
    ports.kms.refuse(REPLICA_ARN, 'DisabledException');
    const retired = { kekArn: ACME.kekArn, replicaArns: [REPLICA_ARN], branchKeyIds: [] };
    ports.state.tenants.set(ACME.tenantId, { ...CHANGED, retiredKeks: [retired] });
    await doJobs(ports, plan, [0, 1, 2]);
    expect(ports.state.plans.get(plan.objectId)).toMatchObject({ generation: 1, kekArn: NEW_ARN });
    await expectSealed(ports, plan, { kekArn: NEW_ARN, body });
  });

  test('waits while KMS is out of reach', async () => {
    const ports = world();
    const plan = planned(ports, randomBytes(10));
    changeKey(ports, 'KMSInternalException');
    await expect(doJobs(ports, plan, [0])).rejects.toMatchObject({ code: 'ERR_KMS_UNAVAILABLE' });
    expect(ports.state.plans.get(plan.objectId)).toBe(plan);
  });

  test('waits for its tenant when the current one is refused too', async () => {
    const ports = world();
    const plan = planned(ports, randomBytes(10));
    changeKey(ports);
    ports.kms.refuse(NEW_ARN, 'DisabledException');
    await expect(doJobs(ports, plan, [0])).rejects.toMatchObject({
      code: 'ERR_TENANT_KEY_UNUSABLE',
      kekArn: NEW_ARN,
    });
    ports.kms.allow(NEW_ARN);
    await doJobs(ports, plan, [0]);
    expect(ports.sources.versions.size).toBe(0);
  });
});

test('an object under the current key is never planned anew because KMS refuses it', async () => {
  const ports = world();
  const plan = planned(ports, randomBytes(10));
  ports.kms.refuse(ACME.kekArn, 'DisabledException');
  await expect(doJobs(ports, plan, [0])).rejects.toMatchObject({ code: 'ERR_TENANT_KEY_UNUSABLE' });
  expect(ports.state.plans.get(plan.objectId)).toBe(plan);
});

describe('a seal that only the state table knows of', () => {
  test.each([10, SIZE])('of %i bytes is not believed: the object is sealed', async (bytes) => {
    const ports = world();
    const body = randomBytes(bytes);
    const plan = planned(ports, body);
    ports.state.plans.set(plan.objectId, { ...plan, sealedAt: SEALED_AT });
    const indexes = [...Array(plan.chunkCount).keys()];
    await doJobs(ports, plan, indexes);
    await expectSealed(ports, plan, { kekArn: ACME.kekArn, body });
    expect(ports.state.plans.get(plan.objectId)).toMatchObject({ generation: 1, kekArn: ACME.kekArn });
  });

  test('is reported when the source is gone, and nothing is planned anew', async () => {
    const ports = world();
    const plan = planned(ports, randomBytes(10));
    const forged = { ...plan, sealedAt: SEALED_AT };
    ports.state.plans.set(plan.objectId, forged);
    ports.sources.versions.clear();
    await expect(doJobs(ports, plan, [0])).rejects.toMatchObject({ code: 'ERR_SOURCE_CHANGED' });
    expect(ports.state.plans.get(plan.objectId)).toBe(forged);
  });

  test('is believed if version 0.1.0 made it, which noted no manifests, and the vault has a manifest', async () => {
    const ports = world();
    const body = randomBytes(10);
    const plan = await sealed(ports, body);
    const stored = ports.state.plans.get(plan.objectId) ?? plan;
    ports.state.plans.set(plan.objectId, { ...stored, manifestDigests: undefined });
    ports.sources.versions.set('v1', { body, attributes: { metadata: {}, tags: {} }, checksums: [] });
    await doJobs(ports, plan, [0]);
    expect(ports.sources.versions.size).toBe(0);
    expect(ports.state.plans.get(plan.objectId)?.generation).toBe(0);
  });
});

describe('work of an earlier generation', () => {
  test('seals nothing, and its manifest is replaced', async () => {
    const ports = world();
    const body = randomBytes(SIZE);
    const plan = planned(ports, body);
    await doJobs(ports, plan, [0, 1]);
    const writing = Promise.withResolvers<undefined>();
    const late = Promise.withResolvers<undefined>();
    const putEntry: World['vault']['putEntry'] = async (...request) => {
      writing.resolve(undefined);
      await late.promise;
      return await ports.vault.putEntry(...request);
    };
    const slow = doJobs({ ...ports, vault: { ...ports.vault, putEntry } }, plan, [2]);
    await writing.promise;
    changeKey(ports);
    await doJobs(ports, plan, [0, 1]);
    late.resolve(undefined);
    await expect(slow).rejects.toMatchObject({ code: 'ERR_PLAN_CHANGED' });
    expect(ports.sources.versions.size).toBe(1);
    await doJobs(ports, plan, [2]);
    await expectSealed(ports, plan, { kekArn: NEW_ARN, body });
  });

  test('does not replace the manifest of the next', async () => {
    const ports = world();
    const body = randomBytes(SIZE);
    const plan = planned(ports, body);
    await doJobs(ports, plan, [0, 1]);
    let next: Plan | undefined;
    const putEntry: World['vault']['putEntry'] = async (...request) => {
      if (next === undefined) {
        changeKey(ports);
        next = await ports.state.replan(plan, NEW_ARN);
        await doJobs(ports, plan, [0, 1, 2]);
      }
      return await ports.vault.putEntry(...request);
    };
    // This delivery learns that the object is sealed.
    await doJobs({ ...ports, vault: { ...ports.vault, putEntry } }, plan, [2]);
    expect(next?.generation).toBe(1);
    await expectSealed(ports, plan, { kekArn: NEW_ARN, body });
  });

  test('completes nothing with its receipts', async () => {
    const ports = world();
    const plan = planned(ports, randomBytes(SIZE));
    await doJobs(ports, plan, [0, 1]);
    const next = await ports.state.replan(plan, plan.kekArn);
    await expect(seal({ plan: next ?? plan, tenant: ACME, signal: NEVER }, ports)).rejects.toMatchObject({
      code: 'ERR_CHUNK_CHANGED',
      chunkIndexes: [0, 1, 2],
    });
    expect(ports.vault.objects.has(chunkKey(plan.tenantId, plan.objectId, 0))).toBe(true);
  });
});
