import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encryptJob } from '../../shared/encrypt/encrypt-job.ts';
import { jobsOf } from '../../shared/object/job.ts';
import type { Plan } from '../../shared/object/plan.ts';
import { chunkKey, entryKey } from '../../shared/object/vault-key.ts';
import { INLINE_FORMAT } from '../../shared/object/context.ts';
import { encodeClearPart } from '../../shared/manifest/inline.ts';
import { openObject } from '../../shared/manifest/open.ts';
import { seal, type SealPorts } from '../../shared/manifest/seal.ts';
import { restore } from '../../shared/restore/restore.ts';
import { memoryRedrives } from '../support/memory-redrives.ts';
import { ACME } from '../support/tenants.ts';
import { holdsPlaintext } from '../support/content.ts';
import { CHUNK_BYTES, NEVER, planned, SEALED_AT, world, type World } from '../support/world.ts';

const SIZE = 2 * CHUNK_BYTES + 1;
const NAME = entryKey(ACME.tenantId, 'report.pdf');

/** Plans an object and writes all of its chunks, without the seal. */
async function writeChunks(ports: World, options: Parameters<typeof planned>[2] = {}): Promise<Plan> {
  const plan = planned(ports, randomBytes(SIZE), options);
  const addReceipt: World['state']['addReceipt'] = async (...receipt) => {
    await ports.state.addReceipt(...receipt);
    return 'added';
  };
  const state = { ...ports.state, addReceipt };
  for (const job of jobsOf(plan, 0)) await encryptJob(JSON.stringify(job), { ...ports, state }, NEVER);
  ports.effects.log.length = 0;
  return plan;
}

async function sealPlan(plan: Plan, ports: SealPorts): Promise<void> {
  await seal({ plan, tenant: ACME, signal: NEVER }, ports);
}

/** Edits the manifest, as somebody could who may write to the vault. */
function plant({ vault }: World, edits: object): void {
  const members: object = JSON.parse(String(vault.objects.get(NAME)));
  vault.objects.set(NAME, Buffer.from(JSON.stringify({ ...members, ...edits })));
}

/** Does all jobs of a plan, and writes over some chunks right before the seal, as somebody else could. */
async function alterBeforeSeal(ports: World, plan: Plan, chunkIndexes: readonly number[]): Promise<void> {
  const jobs = [...jobsOf(plan, 0)];
  for (const job of jobs.slice(0, -1)) await encryptJob(JSON.stringify(job), ports, NEVER);
  let isAltered = false;
  const addReceipt: World['state']['addReceipt'] = async (...receipt) => {
    const added = await ports.state.addReceipt(...receipt);
    const altered = isAltered ? [] : chunkIndexes;
    isAltered = true;
    for (const index of altered) {
      const key = chunkKey(plan.tenantId, plan.objectId, index);
      ports.vault.objects.set(key, randomBytes(ports.vault.objects.get(key)?.length ?? 0));
    }
    return added;
  };
  await encryptJob(JSON.stringify(jobs.at(-1)), { ...ports, state: { ...ports.state, addReceipt } }, NEVER);
}

function sealedVersionOf({ vault }: World): unknown {
  const clear: { sourceVersionId?: unknown } = JSON.parse(String(vault.objects.get(NAME) ?? '{}'));
  return clear.sourceVersionId;
}

describe('sealing', () => {
  test('deletes the source last: after the manifest was read back and the seal noted', async () => {
    const ports = world();
    await sealPlan(await writeChunks(ports), ports);
    expect(ports.effects.log).toEqual([
      'vault.listChunks',
      'state.allReceipts',
      'sources.describe',
      'vault.getEntry',
      'state.noteManifest',
      'vault.putEntry',
      'vault.getEntry',
      'state.markSealed',
      'sources.remove',
    ]);
  });

  test('writes a manifest that opens to everything that S3 kept of the upload', async () => {
    const ports = world();
    const plan = await writeChunks(ports);
    const source = ports.sources.versions.get('v1');
    await sealPlan(plan, ports);
    expect(await openObject({ tenant: ACME, key: 'report.pdf', signal: NEVER }, ports)).toEqual({
      kind: 'chunked',
      clear: {
        format: 'sealstream/1',
        tenantId: 'acme',
        objectId: plan.objectId,
        sizeBytes: SIZE,
        chunkBytes: CHUNK_BYTES,
        chunkCount: 3,
        kekArn: ACME.kekArn,
        epoch: 7,
        sourceVersionId: 'v1',
        sequencer: '00A1',
        sealedAt: SEALED_AT,
      },
      key: 'report.pdf',
      attributes: source?.attributes,
      checksums: source?.checksums,
    });
  });

  test('shows nothing of attributes and checksums', async () => {
    const ports = world();
    await sealPlan(await writeChunks(ports), ports);
    const body = ports.vault.objects.get(NAME) ?? Buffer.alloc(0);
    for (const secret of ['application/pdf', 'Zoë', 'class', 'AAAAAA==', 'report.pdf']) {
      expect(body.includes(secret)).toBe(false);
      expect(body.includes(Buffer.from(secret).toString('base64').slice(0, -3))).toBe(false);
    }
    expect(holdsPlaintext(body, Buffer.from('"contentType":"application/pdf"'))).toBe(false);
  });

  test('twice writes one manifest', async () => {
    const ports = world();
    const plan = await writeChunks(ports);
    await sealPlan(plan, ports);
    const first = ports.vault.objects.get(NAME);
    await sealPlan(plan, { ...ports, now: () => new Date() });
    expect(ports.vault.objects.get(NAME)).toBe(first);
  });

  test('five times at once writes one manifest', async () => {
    const ports = world();
    const plan = await writeChunks(ports);
    await Promise.all(Array.from({ length: 5 }, async () => await sealPlan(plan, ports)));
    const manifests = [...ports.vault.objects.keys()].filter((key) => key.includes('/objects/'));
    expect(manifests).toEqual([NAME]);
    expect(ports.sources.versions.size).toBe(0);
    expect(await openObject({ tenant: ACME, key: 'report.pdf', signal: NEVER }, ports)).toMatchObject({
      clear: { sourceVersionId: 'v1' },
    });
  });
});

describe('a seal is refused, and the source stays,', () => {
  test.each([0, 1, 2])('when chunk %i is missing', async (index) => {
    const { code, vault } = await refusal(({ vault: { objects } }, plan) =>
      objects.delete(chunkKey(plan.tenantId, plan.objectId, index)),
    );
    expect(code).toBe('ERR_CHUNK_CHANGED');
    expect(vault.objects.has(NAME)).toBe(false);
  });

  test.each([
    ['empty', () => Buffer.alloc(0)],
    ['cut to its body', (message: Buffer) => message.subarray(-(CHUNK_BYTES + 40))],
    ['too long', (message: Buffer) => Buffer.concat([message, Buffer.alloc(8_192)])],
  ])('when a chunk is %s', async (_what, alter) => {
    const { code } = await refusal(({ vault: { objects } }, plan) => {
      const key = chunkKey(plan.tenantId, plan.objectId, 1);
      objects.set(key, alter(objects.get(key) ?? Buffer.alloc(0)));
    });
    expect(code).toBe('ERR_CHUNK_CHANGED');
  });

  test('when the manifest cannot be read back', async () => {
    const { code } = await refusal(({ vault: { objects } }) => {
      const set = objects.set.bind(objects);
      objects.set = (key, body) => (key === NAME ? objects : set(key, body));
    });
    expect(code).toBe('ERR_STORAGE_UNAVAILABLE');
  });

  test.each([
    ['DisabledException', 'ERR_TENANT_KEY_UNUSABLE'],
    ['KMSInternalException', 'ERR_KMS_UNAVAILABLE'],
  ])('while KMS answers %s', async (exceptionName, expected) => {
    const { code } = await refusal(({ kms }) => {
      kms.refuse(ACME.kekArn, exceptionName);
    });
    expect(code).toBe(expected);
  });

  test.each([
    ['no manifest', '{}'],
    ['larger than one', ' '.repeat(262_145)],
  ])('when what rests under its name is %s; the error says what to do', async (_what, text) => {
    const ports = world();
    const plan = await writeChunks(ports, { versionId: 'v1' });
    ports.vault.objects.set(NAME, Buffer.from(text));
    const message = expect.stringMatching(
      new RegExp(`^tenant acme: .* under ${NAME} is no manifest .* version v1 of acme/.*Delete`, 'u'),
    );
    const told = { code: 'ERR_MANIFEST_INVALID', message };
    await expect(sealPlan(plan, ports)).rejects.toMatchObject(told);
    expect(ports.sources.versions.size).toBe(1);
    // This is what the message says to do.
    ports.vault.objects.delete(NAME);
    await sealPlan(plan, ports);
    expect(ports.sources.versions.size).toBe(0);
  });

  test('when the source vanished before', async () => {
    const { code } = await refusal(({ sources }) => sources.versions.clear());
    expect(code).toBe('ERR_SOURCE_CHANGED');
  });
});

describe('a plan that was edited to look older than what is sealed', () => {
  const [SEALED, AFTER] = ['2026-01-02T03:04:05.000Z', '2026-01-02T03:04:06.000Z'];

  /** Seals an upload, then another one of the same name that S3 says was made at that time. */
  async function sealAnother(modifiedAt: string): Promise<readonly [ports: World, outcome: unknown]> {
    const ports = world();
    await sealPlan(await writeChunks(ports, { versionId: 'v1', sequencer: '0B' }), ports);
    const plan = await writeChunks(ports, { versionId: 'v2', sequencer: '0A' });
    const source = ports.sources.versions.get('v2');
    if (source !== undefined) ports.sources.versions.set('v2', { ...source, modifiedAt });
    const getEntry: World['vault']['getEntry'] = async (key) => {
      const stored = await ports.vault.getEntry(key);
      return stored && { ...stored, modifiedAt: SEALED };
    };
    const told = { ...ports, vault: { ...ports.vault, getEntry } };
    return [ports, await sealPlan(plan, told).catch((error: unknown) => error)];
  }

  test('costs nobody an upload that came after the seal', async () => {
    const [ports, outcome] = await sealAnother(AFTER);
    expect(outcome).toMatchObject({ code: 'ERR_MANIFEST_INVALID' });
    expect([...ports.sources.versions.keys()]).toEqual(['v2']);
    expect(sealedVersionOf(ports)).toBe('v1');
  });

  test('is believed when S3 does not say otherwise', async () => {
    const [ports, outcome] = await sealAnother(SEALED);
    expect(outcome).toBeUndefined();
    expect(ports.sources.versions.size).toBe(0);
  });
});

/** Gives the manifest a clear part beside it, so that it is read as a small object. */
function plantClearPart({ vault }: World, { tenantId, objectId, kekArn, source, sizeBytes }: Plan): void {
  const { versionId: sourceVersionId, sequencer, uploadedAt } = source;
  const facts = { tenantId, objectId, kekArn, sizeBytes, sourceVersionId, sequencer, uploadedAt };
  vault.clearParts.set(
    NAME,
    encodeClearPart({ format: INLINE_FORMAT, ...facts, epoch: 1, sealedAt: SEALED_AT }),
  );
}

describe('what an editor of the vault can do to a seal', () => {
  test('a manifest that claims to be newer than any upload does not cost a newer upload its source', async () => {
    const ports = world();
    await sealPlan(await writeChunks(ports, { versionId: 'v0', sequencer: '0A' }), ports);
    const members: object = JSON.parse(String(ports.vault.objects.get(NAME)));
    ports.vault.objects.set(NAME, Buffer.from(JSON.stringify({ ...members, sequencer: 'FF' })));
    const plan = await writeChunks(ports, { versionId: 'v1', sequencer: '0B' });
    await expect(sealPlan(plan, ports)).rejects.toMatchObject({ code: 'ERR_MANIFEST_INVALID' });
    expect(ports.sources.versions.has('v1')).toBe(true);
  });

  test('a manifest that claims to be of a newer upload that is planned, and was never written by us, is replaced', async () => {
    const ports = world();
    await sealPlan(await writeChunks(ports, { versionId: 'v0', sequencer: '0A' }), ports);
    const newer = planned(ports, randomBytes(SIZE), { versionId: 'v2', sequencer: '0C' });
    const { objectId, source } = newer;
    plant(ports, { objectId, sourceVersionId: source.versionId, sequencer: source.sequencer });
    await sealPlan(await writeChunks(ports, { versionId: 'v1', sequencer: '0B' }), ports);
    expect(sealedVersionOf(ports)).toBe('v1');
    expect([...ports.sources.versions.keys()]).toEqual(['v2']);
  });

  test('a manifest of this object that we did not write is replaced', async () => {
    const ports = world();
    await sealPlan(await writeChunks(ports, { versionId: 'v0', sequencer: '0A' }), ports);
    const plan = await writeChunks(ports, { versionId: 'v1', sequencer: '0B' });
    plant(ports, { objectId: plan.objectId, sourceVersionId: 'v1', sequencer: '0B' });
    await sealPlan(plan, ports);
    expect(ports.sources.versions.size).toBe(0);
    expect(await openObject({ tenant: ACME, key: 'report.pdf', signal: NEVER }, ports)).toMatchObject({
      clear: { sourceVersionId: 'v1' },
    });
  });

  test('a manifest that was made to look like a small object proves no seal, and is replaced', async () => {
    const ports = world();
    const plan = await writeChunks(ports);
    const source = ports.sources.versions.get('v1');
    await sealPlan(plan, ports);
    plantClearPart(ports, plan);
    if (source !== undefined) ports.sources.versions.set('v1', source);
    for (const job of jobsOf(plan, 0)) await encryptJob(JSON.stringify(job), ports, NEVER);
    expect(await openObject({ tenant: ACME, key: 'report.pdf', signal: NEVER }, ports)).toMatchObject({
      kind: 'chunked',
    });
    expect(ports.sources.versions.size).toBe(0);
  });

  test('a manifest that is made to look like a small object before it is read back keeps the source', async () => {
    const ports = world();
    const plan = await writeChunks(ports);
    const putEntry: World['vault']['putEntry'] = async (...request) => {
      const isWritten = await ports.vault.putEntry(...request);
      plantClearPart(ports, plan);
      return isWritten;
    };
    await expect(sealPlan(plan, { ...ports, vault: { ...ports.vault, putEntry } })).rejects.toMatchObject({
      code: 'ERR_STORAGE_UNAVAILABLE',
    });
    expect(ports.sources.versions.size).toBe(1);
  });

  test.each([[[1]], [[0, 1, 2]]])(
    'chunks %j that are written over before the seal are mended',
    async (indexes) => {
      const ports = world();
      const plan = planned(ports, randomBytes(SIZE));
      await alterBeforeSeal(ports, plan, indexes);
      expect(ports.sources.versions.size).toBe(0);
      const destination = { bucket: 'restored', key: 'x' };
      await restore({ tenantId: ACME.tenantId, key: 'report.pdf', destination }, ports, NEVER);
      expect(ports.destinations.objects.size).toBe(1);
    },
  );

  test('of many chunks that are written over, a few are written again at once, the others by their jobs', async () => {
    const ports = world();
    const plan = planned(ports, randomBytes(20 * CHUNK_BYTES));
    const all = [...Array(20).keys()];
    await expect(alterBeforeSeal(ports, plan, all)).rejects.toMatchObject({ code: 'ERR_CHUNK_CHANGED' });
    expect(ports.sources.versions.size).toBe(1);
    const missing = await Array.fromAsync(memoryRedrives(ports.effects, ports.state).missingChunks(plan));
    expect(missing).toEqual(all.slice(8));
    for (const job of jobsOf(plan, 8)) await encryptJob(JSON.stringify(job), ports, NEVER);
    expect(ports.sources.versions.size).toBe(0);
  });

  test('a stray object after the last chunk of an object of whole chunks does not keep it from being sealed', async () => {
    const ports = world();
    const plan = planned(ports, randomBytes(CHUNK_BYTES));
    ports.vault.objects.set(chunkKey(plan.tenantId, plan.objectId, 1), randomBytes(100));
    const [job] = jobsOf(plan, 0);
    expect(await encryptJob(JSON.stringify(job), ports, NEVER)).toMatchObject({ objectSealed: true });
  });
});

describe('a source that vanished', () => {
  test('after a concurrent delivery sealed it is no loss', async () => {
    const ports = world();
    const plan = await writeChunks(ports);
    await sealPlan(plan, ports);
    expect(ports.sources.versions.size).toBe(0);
    await expect(sealPlan(plan, ports)).resolves.toBeUndefined();
  });

  test('while only an older upload is sealed is reported as a loss', async () => {
    const ports = world();
    await sealPlan(await writeChunks(ports, { versionId: 'v0', sequencer: '00' }), ports);
    const plan = await writeChunks(ports);
    ports.sources.versions.clear();
    await expect(sealPlan(plan, ports)).rejects.toMatchObject({ code: 'ERR_SOURCE_CHANGED' });
  });
});

describe('two uploads of one key', () => {
  const older = { versionId: 'older', sequencer: '00A0' };
  const newer = { versionId: 'newer', sequencer: '00A00001' };

  test.each([
    ['in order', [older, newer]],
    ['in reverse', [newer, older]],
  ])('sealed %s end with the newer', async (_order, uploads) => {
    const ports = world();
    for (const upload of uploads) await sealPlan(await writeChunks(ports, upload), ports);
    expect(sealedVersionOf(ports)).toBe('newer');
    expect(ports.sources.versions.size).toBe(0);
    expect([...ports.state.plans.values()].every(({ sealedAt }) => sealedAt === SEALED_AT)).toBe(true);
  });

  test.each([
    ['older', older, newer],
    ['newer', newer, older],
  ])('end with the newer when the %s one loses the race to write', async (_which, loser, winner) => {
    const ports = world();
    const losing = await writeChunks(ports, loser);
    const winning = await writeChunks(ports, winner);
    let puts = 0;
    const putEntry: World['vault']['putEntry'] = async (...request) => {
      puts += 1;
      // The other upload is sealed between the read and the write of this one.
      if (puts === 1) await sealPlan(winning, ports);
      return await ports.vault.putEntry(...request);
    };
    await sealPlan(losing, { ...ports, vault: { ...ports.vault, putEntry } });
    expect(sealedVersionOf(ports)).toBe('newer');
    expect(ports.sources.versions.size).toBe(0);
    expect(puts).toBe(loser === newer ? 2 : 1);
  });

  test('sealed at once end with the newer', async () => {
    const ports = world();
    const plans = [await writeChunks(ports, older), await writeChunks(ports, newer)];
    await Promise.all(plans.map(async (plan) => await sealPlan(plan, ports)));
    expect(sealedVersionOf(ports)).toBe('newer');
    expect(ports.sources.versions.size).toBe(0);
  });
});

describe('an abort while sealing leaves no manifest, and the source where it was,', () => {
  const reason = new Error('the epoch changed');
  const UNDONE = { outcome: reason, manifest: undefined, sources: 1 };

  async function sealing(disturb: (ports: World, abort: () => void) => Partial<World>): Promise<object> {
    const ports = world();
    const plan = await writeChunks(ports);
    const controller = new AbortController();
    const disturbed = { ...ports, ...disturb(ports, () => controller.abort(reason)) };
    const outcome = await seal({ plan, tenant: ACME, signal: controller.signal }, disturbed).catch(
      (error: unknown) => error,
    );
    return { outcome, manifest: sealedVersionOf(ports), sources: ports.sources.versions.size };
  }

  test('before the sealed part is encrypted', async () => {
    const outcome = await sealing(({ sources }, abort) => ({
      sources: {
        ...sources,
        describe: async (source) => {
          abort();
          return await sources.describe(source);
        },
      },
    }));
    expect(outcome).toEqual(UNDONE);
  });

  test('after another manifest came in between', async () => {
    const outcome = await sealing(({ vault }, abort) => ({
      vault: {
        ...vault,
        putEntry: async () => {
          abort();
          return await Promise.resolve(false);
        },
      },
    }));
    expect(outcome).toEqual(UNDONE);
  });

  test('once the sealed part is encrypted', async () => {
    const outcome = await sealing(({ keys }, abort) => ({ keys: { ...keys, recordUse: abort } }));
    expect(outcome).toEqual(UNDONE);
  });
});

async function refusal(disturb: (ports: World, plan: Plan) => unknown): Promise<World & { code: unknown }> {
  const ports = world();
  const plan = await writeChunks(ports);
  await disturb(ports, plan);
  const code = await sealPlan(plan, ports).then(
    () => 'sealed',
    (error: { code?: unknown }) => error.code,
  );
  expect(ports.effects.log).not.toContain('sources.remove');
  expect(ports.effects.log).not.toContain('state.markSealed');
  return { ...ports, code };
}
