import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encryptJob } from '../../shared/encrypt/encrypt-job.ts';
import { admission } from '../../shared/lambda/admission.ts';
import { jobsOf } from '../../shared/object/job.ts';
import type { Plan } from '../../shared/object/plan.ts';
import { chunkKey, entryKey } from '../../shared/object/vault-key.ts';
import { chunkContext } from '../../shared/object/context.ts';
import { decryptWhole } from '../../shared/envelope/message/decrypt.ts';
import { holdsPlaintext, marked } from '../support/content.ts';
import { ACME, GLOBEX, kekOf } from '../support/tenants.ts';
import { CHUNK_BYTES, NEVER, planned, sealed, world, type World } from '../support/world.ts';

const SIZE = 2 * CHUNK_BYTES + 1;

function job({ tenantId, objectId }: Pick<Plan, 'tenantId' | 'objectId'>, chunkIndex: number): string {
  return JSON.stringify({ tenantId, objectId, chunkIndex });
}

/** True when nothing was read, written or asked of KMS for the job. */
function isUntouched({ effects, kms }: World): boolean {
  return kms.calls.length === 0 && effects.log.every((name) => name === 'state.tenantAndPlan');
}

describe('a job', () => {
  test('writes its chunk: no plaintext, under the tenant’s KEK and the chunk’s own context', async () => {
    const ports = world();
    const body = marked(SIZE);
    const plan = planned(ports, body);
    const outcome = await encryptJob(job(plan, 1), ports, NEVER);
    const message = ports.vault.objects.get(chunkKey(plan.tenantId, plan.objectId, 1)) ?? Buffer.alloc(0);
    expect(holdsPlaintext(message, body)).toBe(false);
    expect(outcome).toEqual({
      tenantId: plan.tenantId,
      objectId: plan.objectId,
      chunk: { chunkIndex: 1, generation: 0 },
      outcome: 'written',
      objectSealed: false,
    });
    const opened = await decryptWhole(kekOf(ACME, ports.kms), message, chunkContext(plan, 1));
    expect(opened.equals(body.subarray(CHUNK_BYTES, 2 * CHUNK_BYTES))).toBe(true);
    expect(ports.vault.objects.size).toBe(1);
    expect(ports.sources.versions.size).toBe(1);
  });

  test('of the last chunk seals the object and removes its source', async () => {
    const ports = world();
    const plan = planned(ports, randomBytes(SIZE));
    const outcomes = [];
    for (const index of [2, 0, 1]) outcomes.push(await encryptJob(job(plan, index), ports, NEVER));
    expect(outcomes.map(({ objectSealed }) => objectSealed)).toEqual([false, false, true]);
    expect(ports.vault.objects.has(entryKey(plan.tenantId, plan.key))).toBe(true);
    expect(ports.state.plans.get(plan.objectId)?.sealedAt).toBeDefined();
    expect(ports.sources.versions.size).toBe(0);
  });

  test.each([
    0,
    1,
    CHUNK_BYTES - 1,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    2 * CHUNK_BYTES - 1,
    2 * CHUNK_BYTES,
    SIZE,
  ])('after job seals an object of %i bytes', async (bytes) => {
    const ports = world();
    const plan = await sealed(ports, randomBytes(bytes));
    expect(ports.vault.objects.size).toBe(plan.chunkCount + 1);
    expect(ports.sources.versions.size).toBe(0);
  });

  test('of the only chunk asks for nothing that S3 answered already: no description, no listing', async () => {
    const ports = world();
    await sealed(ports, randomBytes(10));
    expect(ports.effects.log).toEqual([
      'state.tenantAndPlan',
      'sources.readWhole',
      'vault.putChunk',
      'state.addReceipt',
      'vault.getEntry',
      'state.noteManifest',
      'vault.putEntry',
      'vault.getEntry',
      'state.markSealed',
      'sources.remove',
    ]);
  });

  test('delivered twice leaves the first chunk as it is', async () => {
    const ports = world();
    const plan = planned(ports, randomBytes(SIZE));
    await encryptJob(job(plan, 0), ports, NEVER);
    const first = ports.vault.objects.get(chunkKey(plan.tenantId, plan.objectId, 0));
    const again = await encryptJob(job(plan, 0), ports, NEVER);
    expect(again).toMatchObject({ outcome: 'present', objectSealed: false });
    expect(ports.vault.objects.get(chunkKey(plan.tenantId, plan.objectId, 0))).toBe(first);
    expect([...ports.state.receiptsOf(plan).keys()]).toEqual([0]);
  });

  test('of a sealed object removes a source that a crash left, and does nothing else', async () => {
    const ports = world();
    const body = randomBytes(SIZE);
    const plan = await sealed(ports, body);
    ports.sources.versions.set('v1', { body, attributes: { metadata: {}, tags: {} }, checksums: [] });
    ports.effects.log.length = 0;
    const outcome = await encryptJob(job(plan, 0), ports, NEVER);
    expect(outcome).toMatchObject({ outcome: 'sealed', objectSealed: false });
    expect(ports.effects.log).toEqual([
      'state.tenantAndPlan',
      'vault.getEntry',
      'state.tenantAndPlan',
      'sources.remove',
    ]);
    expect(ports.sources.versions.size).toBe(0);
  });

  test('is admitted to memory by the size of its chunk', async () => {
    const ports = world();
    const plan = planned(ports, randomBytes(SIZE));
    const admitted: number[] = [];
    const admit: World['admit'] = async (bytes, work) => {
      admitted.push(bytes);
      return await work();
    };
    await encryptJob(job(plan, 0), { ...ports, admit }, NEVER);
    await encryptJob(job(plan, 2), { ...ports, admit }, NEVER);
    expect(admitted).toEqual([CHUNK_BYTES, 1]);
  });

  test('of a big chunk reads it while the last one is written, two chunks in memory and no more', async () => {
    const ports = world();
    const plan = planned(ports, randomBytes(6 * CHUNK_BYTES));
    const { admit, inTurn } = admission();
    // These chunks count as big ones.
    const big = 8 * 1_048_576;
    const reads = Array.from({ length: plan.chunkCount + 1 }, () => Promise.withResolvers<void>());
    let [begun, ended, most] = [0, 0, 0];
    const readRange: World['sources']['readRange'] = async (...request) => {
      reads[begun]?.resolve();
      begun += 1;
      most = Math.max(most, begun - ended);
      return await ports.sources.readRange(...request);
    };
    const putChunk: World['vault']['putChunk'] = async (...request) => {
      // The write ends only after the next chunk is read.
      if (ended < plan.chunkCount - 1) await reads[ended + 1]?.promise;
      ended += 1;
      return await ports.vault.putChunk(...request);
    };
    const doing = {
      ...ports,
      admit: async (_bytes, work) => await admit(big, work),
      inTurn: async (_bytes, work) => await inTurn(big, work),
      sources: { ...ports.sources, readRange },
      vault: { ...ports.vault, putChunk },
    } satisfies World;
    await Promise.all(
      [...jobsOf(plan, 0)].map(async (of) => await encryptJob(JSON.stringify(of), doing, NEVER)),
    );
    expect(most).toBe(2);
    expect(ports.sources.versions.size).toBe(0);
  });
});

describe('a job that is not due', () => {
  test.each([
    ['names another tenant for the object', GLOBEX.tenantId, 0, 'ERR_JOB_INVALID'],
    ['names an unknown tenant', 'nobody', 0, 'ERR_TENANT_UNKNOWN'],
    ['names a chunk beyond the last', ACME.tenantId, 3, 'ERR_JOB_INVALID'],
    ['names a chunk far beyond the last', ACME.tenantId, 2 ** 53 - 1, 'ERR_JOB_INVALID'],
    ['names a chunk before the first', ACME.tenantId, -1, 'ERR_JOB_INVALID'],
    ['names something that is no tenant id', '../globex', 0, 'ERR_JOB_INVALID'],
  ])('%s', async (_what, tenantId, chunkIndex, code) => {
    const ports = world();
    const { objectId } = planned(ports, randomBytes(SIZE));
    const body = JSON.stringify({ tenantId, objectId, chunkIndex });
    await expect(encryptJob(body, ports, NEVER)).rejects.toMatchObject({ code, disposition: 'reject' });
    expect(isUntouched(ports)).toBe(true);
  });

  test('names no plan', async () => {
    const ports = world();
    const body = JSON.stringify({ tenantId: 'acme', objectId: 'a'.repeat(64), chunkIndex: 0 });
    await expect(encryptJob(body, ports, NEVER)).rejects.toMatchObject({ code: 'ERR_JOB_INVALID' });
    expect(isUntouched(ports)).toBe(true);
  });
});

describe('a job that must wait', () => {
  test.each(['pending', 'revoked', 'offboarded'] as const)('for a tenant that is %s', async (status) => {
    const ports = world();
    const plan = planned(ports, randomBytes(SIZE));
    ports.state.tenants.set('acme', { ...ACME, status });
    const outcome = encryptJob(job(plan, 0), ports, NEVER);
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_TENANT_REVOKED', disposition: 'park' });
    expect(isUntouched(ports)).toBe(true);
  });

  test.each([
    ['DisabledException', 'ERR_TENANT_KEY_UNUSABLE'],
    ['AccessDeniedException', 'ERR_TENANT_KEY_DENIED'],
    ['ThrottlingException', 'ERR_KMS_UNAVAILABLE'],
  ])('while KMS answers %s, and is done when the key works', async (exceptionName, code) => {
    const ports = world();
    const plan = planned(ports, randomBytes(SIZE));
    ports.kms.refuse(ACME.kekArn, exceptionName);
    await expect(encryptJob(job(plan, 0), ports, NEVER)).rejects.toMatchObject({ code });
    expect(ports.vault.objects.size).toBe(0);
    expect(ports.state.receiptsOf(plan).size).toBe(0);
    ports.kms.allow(ACME.kekArn);
    expect(await encryptJob(job(plan, 0), ports, NEVER)).toMatchObject({ outcome: 'written' });
  });
});

describe('a source', () => {
  test('that is not of the planned size is refused', async () => {
    const ports = world();
    const plan = planned(ports, randomBytes(SIZE));
    const source = ports.sources.versions.get('v1');
    ports.sources.versions.set('v1', {
      attributes: { metadata: {}, tags: {} },
      checksums: [],
      ...source,
      body: randomBytes(5),
    });
    await expect(encryptJob(job(plan, 0), ports, NEVER)).rejects.toMatchObject({
      code: 'ERR_SOURCE_CHANGED',
    });
  });

  test('that breaks off is read again later', async () => {
    const ports = world();
    const plan = planned(ports, randomBytes(SIZE));
    const sources = { ...ports.sources, readRange: async () => await Promise.resolve(brokenOff()) };
    const outcome = encryptJob(job(plan, 0), { ...ports, sources }, NEVER);
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_STORAGE_UNAVAILABLE', disposition: 'retry' });
    expect(ports.vault.objects.size).toBe(0);
  });
});

describe('a delivery that read the plan before the seal and comes to the source after its removal', () => {
  test.each([10, SIZE])('finds %i bytes sealed', async (bytes) => {
    const ports = world();
    const body = randomBytes(bytes);
    const plan = planned(ports, body);
    const late = Promise.withResolvers<undefined>();
    const sources: World['sources'] = {
      ...ports.sources,
      readWhole: async (...request) => {
        await late.promise;
        return await ports.sources.readWhole(...request);
      },
      readRange: async (...request) => {
        await late.promise;
        return await ports.sources.readRange(...request);
      },
    };
    const second = encryptJob(job(plan, 0), { ...ports, sources }, NEVER);
    await sealed(ports, body);
    late.resolve(undefined);
    expect(await second).toMatchObject({ outcome: 'sealed', objectSealed: false });
  });
});

describe('every job delivered twice at once', () => {
  test.each([0, SIZE])('for %i bytes ends sealed, each chunk once', async (bytes) => {
    const ports = world();
    const plan = planned(ports, randomBytes(bytes));
    const indexes = Array.from({ length: plan.chunkCount }, (_, index) => [index, index]).flat();
    await Promise.all(indexes.map(async (index) => await encryptJob(job(plan, index), ports, NEVER)));
    expect(ports.vault.objects.size).toBe(plan.chunkCount + 1);
    expect(ports.state.plans.get(plan.objectId)?.sealedAt).toBeDefined();
    expect(ports.sources.versions.size).toBe(0);
  });
});

async function* brokenOff(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(randomBytes(10));
  throw new Error('socket hang up');
}
