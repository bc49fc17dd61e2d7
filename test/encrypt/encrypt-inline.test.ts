import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encryptJob } from '../../shared/encrypt/encrypt-job.ts';
import { SourceUnreadableError } from '../../shared/errors.ts';
import { jobsOf } from '../../shared/object/job.ts';
import { objectIdOf } from '../../shared/object/object-id.ts';
import { entryKey, supersededKey } from '../../shared/object/vault-key.ts';
import { restore, type Restored } from '../../shared/restore/restore.ts';
import { CACHED_ACME } from '../support/cached-keys.ts';
import { codeOf, holdsPlaintext } from '../support/content.ts';
import { withBitFlipped } from '../support/messages.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';
import {
  CHUNK_BYTES,
  DESCRIPTION,
  NEVER,
  planned,
  sealed,
  sealedInline,
  UPLOADED_AT,
  uploadedInline,
  world,
  type World,
} from '../support/world.ts';

const NAME = entryKey(ACME.tenantId, 'report.pdf');
const BODY = randomBytes(1_000);
const OLD = { versionId: 'v1', sequencer: '00A1' };
const NEW = { versionId: 'v2', sequencer: '00A2' };

function superseded({ versionId }: { readonly versionId: string }): string {
  return supersededKey(ACME.tenantId, objectIdOf('ingest', 'acme/report.pdf', versionId));
}

async function restored(ports: World, key = 'report.pdf'): Promise<Restored> {
  return await restore({ tenantId: ACME.tenantId, key, destination: { bucket: 'out', key } }, ports, NEVER);
}

async function restoreContent(ports: World, key = 'report.pdf'): Promise<Buffer | undefined> {
  await restored(ports, key);
  return ports.destinations.objects.get(`out/${key}`)?.body;
}

/** Restores what was kept apart, as if it were the object itself. */
async function restoreSuperseded(
  ports: World,
  upload: { readonly versionId: string },
): Promise<Buffer | undefined> {
  const kept = superseded(upload);
  const vault = { ...ports.vault, getEntry: async () => await ports.vault.getEntry(kept) };
  return await restoreContent({ ...ports, vault });
}

function edit(ports: World, key: string, change: (clear: Record<string, unknown>) => object): void {
  const clear: Record<string, unknown> = JSON.parse(ports.vault.clearParts.get(key) ?? '');
  ports.vault.clearParts.set(key, JSON.stringify({ ...clear, ...change(clear) }));
}

describe('a small object', () => {
  test('rests as one object under its name, of which nothing is in clear but its clear part', async () => {
    const ports = world();
    const outcome = await sealedInline(ports, BODY);
    expect(outcome).toEqual({
      tenantId: ACME.tenantId,
      objectId: objectIdOf('ingest', 'acme/report.pdf', 'v1'),
      outcome: 'written',
      objectSealed: true,
    });
    expect([...ports.vault.objects.keys()]).toEqual([NAME]);
    expect(holdsPlaintext(ports.vault.objects.get(NAME) ?? BODY, BODY)).toBe(false);
    expect(JSON.parse(ports.vault.clearParts.get(NAME) ?? '')).toEqual({
      format: 'sealstream/2',
      tenantId: 'acme',
      objectId: outcome.objectId,
      sizeBytes: BODY.length,
      kekArn: ACME.kekArn,
      epoch: ACME.epoch,
      sourceVersionId: 'v1',
      sequencer: '00A1',
      uploadedAt: UPLOADED_AT,
      sealedAt: expect.any(String),
    });
  });

  test('is read once, written once and then deleted; the state table holds nothing of it', async () => {
    const ports = world();
    await sealedInline(ports, BODY);
    expect(ports.effects.log).toEqual([
      'state.tenantAndPlan',
      'sources.readWhole',
      'vault.putEntry',
      'sources.remove',
    ]);
    expect(ports.kms.calls.map(({ operation }) => operation)).toEqual(['GenerateDataKey']);
    expect(ports.sources.versions.size + ports.state.plans.size).toBe(0);
  });

  test.each([0, 1, 65_535, 262_144, 1_048_576])(
    'of %i bytes is restored with its attributes',
    async (bytes) => {
      const ports = world();
      const body = randomBytes(bytes);
      await sealedInline(ports, body);
      const { attributes, sizeBytes, chunkCount } = await restored(ports);
      expect({ attributes, sizeBytes, chunkCount }).toEqual({
        attributes: DESCRIPTION.attributes,
        sizeBytes: bytes,
        chunkCount: 0,
      });
      expect(ports.destinations.objects.get('out/report.pdf')?.body.equals(body)).toBe(true);
    },
  );

  test('that holds lines of text is restored whole', async () => {
    const ports = world();
    const body = Buffer.from('\n{"clear":1}\n\n');
    await sealedInline(ports, body);
    expect(await restoreContent(ports)).toEqual(body);
  });

  test.each(['a b', 'a+b', '100%', 'ü', '😀', '../x', '//', 'folder/', 'k'.repeat(1_019), 'ü'.repeat(509)])(
    'of the key %j is restored by it',
    async (key) => {
      const ports = world();
      await sealedInline(ports, BODY, { key: `acme/${key}` });
      expect(await restoreContent(ports, key)).toEqual(BODY);
    },
  );

  test('of a tenant in keyMode cached shares its DEK with others', async () => {
    const ports = world();
    ports.state.tenants.set(ACME.tenantId, CACHED_ACME);
    await sealedInline(ports, BODY);
    await sealedInline(ports, randomBytes(7), { key: 'acme/other', versionId: 'v2' });
    expect(await restoreContent(ports)).toEqual(BODY);
    expect(await restoreContent(ports, 'other')).toHaveLength(7);
    expect(ports.kms.calls.map(({ operation }) => operation)).toEqual(['GenerateDataKey', 'Decrypt']);
  });
});

describe('a small object delivered again', () => {
  test('after it was sealed is sealed, and nothing is done', async () => {
    const ports = world();
    const job = JSON.stringify(uploadedInline(ports, BODY));
    await encryptJob(job, ports, NEVER);
    const before = new Map(ports.vault.objects);
    expect(await encryptJob(job, ports, NEVER)).toMatchObject({ outcome: 'sealed', objectSealed: false });
    expect(ports.vault.objects).toEqual(before);
  });

  test('after a newer upload was sealed over it is sealed, and nothing is done', async () => {
    const ports = world();
    const job = JSON.stringify(uploadedInline(ports, BODY, OLD));
    await encryptJob(job, ports, NEVER);
    await sealedInline(ports, randomBytes(5), NEW);
    expect(await encryptJob(job, ports, NEVER)).toMatchObject({ outcome: 'sealed' });
    expect(await restoreContent(ports)).toHaveLength(5);
  });

  test('twice at once is sealed', async () => {
    const ports = world();
    const job = JSON.stringify(uploadedInline(ports, BODY));
    await Promise.all([encryptJob(job, ports, NEVER), encryptJob(job, ports, NEVER)]);
    expect(await restoreContent(ports)).toEqual(BODY);
    expect(ports.sources.versions.size).toBe(0);
  });

  test('after a crash anywhere is sealed, and its source was there until then', async () => {
    const steps = 4;
    for (let survived = 1; survived <= steps; survived += 1) {
      const ports = world();
      const job = JSON.stringify(uploadedInline(ports, BODY));
      ports.effects.dieAfter(survived);
      await encryptJob(job, ports, NEVER).catch(() => undefined);
      expect(ports.sources.versions.size + ports.vault.objects.size).toBeGreaterThan(0);
      ports.effects.revive();
      await encryptJob(job, ports, NEVER);
      expect(await restoreContent(ports)).toEqual(BODY);
      expect(ports.sources.versions.size).toBe(0);
    }
  });

  test('whose source is gone and was never sealed is told', async () => {
    const ports = world();
    const job = uploadedInline(ports, BODY);
    ports.sources.versions.clear();
    expect(await encryptJob(JSON.stringify(job), ports, NEVER).catch(codeOf)).toBe('ERR_SOURCE_CHANGED');
    await sealedInline(ports, BODY, { ...OLD, sequencer: '00A0', versionId: 'v0' });
    expect(await encryptJob(JSON.stringify(job), ports, NEVER).catch(codeOf)).toBe('ERR_SOURCE_CHANGED');
  });

  test('whose copy beside the newer one is all that is left of it is sealed', async () => {
    const ports = world();
    const job = JSON.stringify(uploadedInline(ports, BODY, OLD));
    await sealedInline(ports, randomBytes(5), NEW);
    await encryptJob(job, ports, NEVER);
    ports.vault.objects.delete(NAME);
    expect(await encryptJob(job, ports, NEVER)).toMatchObject({ outcome: 'sealed' });
  });

  test('with a wrong size removes nothing, whatever the vault says', async () => {
    const ports = world();
    await sealedInline(ports, randomBytes(5), NEW);
    const job = uploadedInline(ports, BODY, OLD);
    const wrong = JSON.stringify({ ...job, sizeBytes: job.sizeBytes + 1 });
    await encryptJob(wrong, ports, NEVER);
    expect(ports.sources.versions.size).toBe(1);
  });

  test('waits for room in memory, by its size', async () => {
    const ports = world();
    const admitted: number[] = [];
    const admit: World['admit'] = async (bytes, work) => {
      admitted.push(bytes);
      return await work();
    };
    await encryptJob(JSON.stringify(uploadedInline(ports, BODY)), { ...ports, admit }, NEVER);
    expect(admitted).toEqual([BODY.length]);
  });

  test('while others keep writing under its name is tried again later', async () => {
    const ports = world();
    const vault: World['vault'] = { ...ports.vault, putEntry: async () => await Promise.resolve(false) };
    const job = JSON.stringify(uploadedInline(ports, BODY));
    expect(await encryptJob(job, { ...ports, vault }, NEVER).catch(codeOf)).toBe('ERR_STORAGE_UNAVAILABLE');
    expect(ports.sources.versions.size).toBe(1);
  });

  test('whose source is gone while something else is in its place is told', async () => {
    const ports = world();
    const job = uploadedInline(ports, BODY);
    ports.sources.versions.clear();
    ports.vault.objects.set(NAME, Buffer.from('no entry'));
    expect(await encryptJob(JSON.stringify(job), ports, NEVER).catch(codeOf)).toBe('ERR_SOURCE_CHANGED');
  });
});

describe('a small object of a name that was uploaded before', () => {
  test.each([
    ['small', async (ports: World) => void (await sealedInline(ports, randomBytes(5), OLD))],
    ['chunked', async (ports: World) => void (await sealed(ports, randomBytes(CHUNK_BYTES + 1), OLD))],
  ])('takes the place of the older one, which was %s', async (_what, sealOld) => {
    const ports = world();
    await sealOld(ports);
    expect(await sealedInline(ports, BODY, NEW)).toMatchObject({ outcome: 'written' });
    expect(await restoreContent(ports)).toEqual(BODY);
    expect(ports.sources.versions.size).toBe(0);
  });

  test.each([
    ['small', async (ports: World, body: Buffer) => void (await sealedInline(ports, body, NEW))],
    ['chunked', async (ports: World, body: Buffer) => void (await sealed(ports, body, NEW))],
  ])('and is the older one is kept beside the newer one, which is %s', async (_what, sealNew) => {
    const ports = world();
    const newer = randomBytes(CHUNK_BYTES + 1);
    await sealNew(ports, newer);
    expect(await sealedInline(ports, BODY, OLD)).toMatchObject({ outcome: 'superseded', objectSealed: true });
    expect((await restoreContent(ports))?.equals(newer)).toBe(true);
    expect(await restoreSuperseded(ports, OLD)).toEqual(BODY);
    expect(ports.sources.versions.size).toBe(0);
  });

  test('is told about and kept when nothing says which of the two is newer', async () => {
    const ports = world();
    await sealedInline(ports, randomBytes(5), { ...NEW, sequencer: '' });
    expect(await sealedInline(ports, BODY, OLD).catch(codeOf)).toBe('ERR_MANIFEST_INVALID');
    expect(await restoreContent(ports)).toHaveLength(5);
    expect(ports.sources.versions.size).toBe(1);
  });

  test.each([
    ['earlier', '2026-01-02T03:03:00.000Z', 'superseded'],
    ['later', '2026-01-02T03:03:10.000Z', 'written'],
  ])('is ordered by its time where it has no sequencer: %s', async (_what, uploadedAt, outcome) => {
    const ports = world();
    await sealedInline(ports, randomBytes(5), OLD);
    expect(await sealedInline(ports, BODY, { versionId: 'v2', sequencer: '', uploadedAt })).toMatchObject({
      outcome,
    });
  });

  test('is restored whatever was chunked and small before: there and back', async () => {
    const ports = world();
    const big = randomBytes(2 * CHUNK_BYTES);
    await sealed(ports, big, { versionId: 'v1', sequencer: '01' });
    await sealedInline(ports, BODY, { versionId: 'v2', sequencer: '02' });
    expect(await restoreContent(ports)).toEqual(BODY);
    await sealed(ports, big, { versionId: 'v3', sequencer: '03' });
    expect((await restoreContent(ports))?.equals(big)).toBe(true);
    expect(ports.vault.clearParts.has(NAME)).toBe(false);
  });
});

describe('a chunked object that a newer small one overtook', () => {
  test('is kept beside it with its chunks, and delivered again it is sealed', async () => {
    const ports = world();
    const big = randomBytes(CHUNK_BYTES + 1);
    const plan = planned(ports, big, OLD);
    await sealedInline(ports, BODY, NEW);
    const outcomes: string[] = [];
    for (const job of jobsOf(plan, 0))
      outcomes.push((await encryptJob(JSON.stringify(job), ports, NEVER)).outcome);
    expect(outcomes).toEqual(['written', 'superseded']);
    expect(await restoreContent(ports)).toEqual(BODY);
    expect((await restoreSuperseded(ports, OLD))?.equals(big)).toBe(true);
    expect(ports.sources.versions.size).toBe(0);
    const again = { tenantId: plan.tenantId, objectId: plan.objectId, chunkIndex: 0 };
    expect(await encryptJob(JSON.stringify(again), ports, NEVER)).toMatchObject({ outcome: 'sealed' });
  });

  test('after it was sealed is sealed too, delivered again', async () => {
    const ports = world();
    const plan = await sealed(ports, randomBytes(CHUNK_BYTES + 1), OLD);
    await sealedInline(ports, BODY, NEW);
    const again = { tenantId: plan.tenantId, objectId: plan.objectId, chunkIndex: 0 };
    expect(await encryptJob(JSON.stringify(again), ports, NEVER)).toMatchObject({ outcome: 'sealed' });
    expect(await restoreContent(ports)).toEqual(BODY);
  });

  test('keeps its source when what was kept of it is gone', async () => {
    const ports = world();
    const big = randomBytes(CHUNK_BYTES + 1);
    const plan = planned(ports, big, OLD);
    const source = ports.sources.versions.get('v1');
    await sealedInline(ports, BODY, NEW);
    await sealed(ports, big, OLD);
    ports.vault.objects.set(superseded(OLD), Buffer.from('{}'));
    if (source !== undefined) ports.sources.versions.set('v1', source);
    const again = { tenantId: plan.tenantId, objectId: plan.objectId, chunkIndex: 0 };
    await encryptJob(JSON.stringify(again), ports, NEVER);
    expect(ports.sources.versions.has('v1')).toBe(true);
  });
});

describe('what somebody planted under the name of a small object', () => {
  test.each([
    ['a claim of this very upload', () => ({})],
    ['a claim of an older one', () => ({ objectId: 'a'.repeat(64), sequencer: '00A0' })],
  ])('is written over: %s', async (_what, change) => {
    const ports = world();
    await sealedInline(ports, BODY);
    ports.vault.objects.set(NAME, randomBytes(100));
    edit(ports, NAME, change);
    expect(await sealedInline(ports, BODY)).toMatchObject({ outcome: 'written' });
    expect(await restoreContent(ports)).toEqual(BODY);
  });

  test.each([
    ['no entry', (ports: World) => ports.vault.clearParts.delete(NAME)],
    ['a clear part that is none', (ports: World) => ports.vault.clearParts.set(NAME, '{}')],
  ])('is left for a person, and the source is kept: %s', async (_what, plant) => {
    const ports = world();
    await sealedInline(ports, randomBytes(5));
    plant(ports);
    expect(await sealedInline(ports, BODY, NEW).catch(codeOf)).toBe('ERR_MANIFEST_INVALID');
    expect(ports.sources.versions.size).toBe(1);
  });

  test('before the upload came does not pass for a newer one', async () => {
    const ports = world();
    await sealedInline(ports, randomBytes(5), { ...NEW, sequencer: 'FFFF' });
    const before = new Date(Date.parse(UPLOADED_AT) - 1_000).toISOString();
    const vault: World['vault'] = {
      ...ports.vault,
      async getEntry(key) {
        const entry = await ports.vault.getEntry(key);
        return entry && { ...entry, modifiedAt: before };
      },
    };
    const job = uploadedInline(ports, BODY, OLD);
    expect(await encryptJob(JSON.stringify(job), { ...ports, vault }, NEVER).catch(codeOf)).toBe(
      'ERR_MANIFEST_INVALID',
    );
    expect(ports.sources.versions.size).toBe(1);
  });

  test('after the upload came, as newer, loses no upload', async () => {
    const ports = world();
    await sealedInline(ports, randomBytes(5), { ...NEW, sequencer: 'FFFF' });
    ports.vault.objects.set(superseded(OLD), Buffer.from('planted too'));
    await sealedInline(ports, BODY, OLD);
    expect(await restoreSuperseded(ports, OLD)).toEqual(BODY);
  });
});

async function overtaken(
  disturb: (ports: World) => Partial<World['vault']>,
): Promise<readonly [World, unknown]> {
  const ports = world();
  await sealedInline(ports, randomBytes(5), NEW);
  const job = JSON.stringify(uploadedInline(ports, BODY, OLD));
  const vault = { ...ports.vault, ...disturb(ports) };
  return [ports, await encryptJob(job, { ...ports, vault }, NEVER).catch(codeOf)];
}

describe('what is kept of an upload that was overtaken', () => {
  test.each([
    ['another body', ({ objects }: World['vault'], key: string) => void objects.set(key, randomBytes(9))],
    ['another clear part', ({ clearParts }: World['vault'], key: string) => void clearParts.set(key, '{}')],
    ['no clear part', ({ clearParts }: World['vault'], key: string) => void clearParts.delete(key)],
  ])('is read back; if it always has %s, the source stays', async (_what, change) => {
    const [ports, code] = await overtaken(({ vault }) => ({
      async putEntry(key, ...request) {
        const isWritten = await vault.putEntry(key, ...request);
        if (key === superseded(OLD)) change(vault, key);
        return isWritten;
      },
    }));
    expect(code).toBe('ERR_STORAGE_UNAVAILABLE');
    expect(ports.sources.versions.size).toBe(1);
  });
});

test('an upload that was overtaken is kept, even if somebody writes in between', async () => {
  const ports = world();
  await sealedInline(ports, randomBytes(5), NEW);
  let isDisturbed = false;
  const vault: World['vault'] = {
    ...ports.vault,
    async getEntry(key) {
      const entry = await ports.vault.getEntry(key);
      if (key === superseded(OLD) && !isDisturbed) {
        isDisturbed = true;
        ports.vault.objects.set(key, randomBytes(9));
      }
      return entry;
    },
  };
  const job = JSON.stringify(uploadedInline(ports, BODY, OLD));
  expect(await encryptJob(job, { ...ports, vault }, NEVER)).toMatchObject({ outcome: 'superseded' });
  expect(await restoreSuperseded(ports, OLD)).toEqual(BODY);
});

describe('the button', () => {
  test('pressed while an overtaken upload is kept stops the write of it', async () => {
    const ports = world();
    await sealedInline(ports, randomBytes(5), NEW);
    const job = JSON.stringify(uploadedInline(ports, BODY, OLD));
    const revoked = new AbortController();
    const vault: World['vault'] = {
      ...ports.vault,
      async getEntry(key) {
        if (key === superseded(OLD)) revoked.abort(new Error('revoked'));
        return await ports.vault.getEntry(key);
      },
    };
    await expect(encryptJob(job, { ...ports, vault }, revoked.signal)).rejects.toThrow('revoked');
    expect(ports.vault.objects.has(superseded(OLD))).toBe(false);
    expect(ports.sources.versions.size).toBe(1);
  });

  test('stops a small object in the middle: nothing is written, and the source is kept', async () => {
    const ports = world();
    const job = uploadedInline(ports, BODY);
    const revoked = new AbortController();
    const sources: World['sources'] = {
      ...ports.sources,
      async readWhole(...request) {
        const whole = await ports.sources.readWhole(...request);
        revoked.abort(new Error('revoked'));
        return whole;
      },
    };
    await expect(encryptJob(JSON.stringify(job), { ...ports, sources }, revoked.signal)).rejects.toThrow(
      'revoked',
    );
    expect(ports.vault.objects.size).toBe(0);
    expect(ports.sources.versions.size).toBe(1);
  });

  test('pressed while others write under the name stops the next write', async () => {
    const ports = world();
    const job = uploadedInline(ports, BODY);
    const revoked = new AbortController();
    const vault: World['vault'] = {
      ...ports.vault,
      async putEntry() {
        revoked.abort(new Error('revoked'));
        return await Promise.resolve(false);
      },
    };
    await expect(encryptJob(JSON.stringify(job), { ...ports, vault }, revoked.signal)).rejects.toThrow(
      'revoked',
    );
    expect(ports.sources.versions.size).toBe(1);
  });
});

function readBy(content: AsyncIterable<Uint8Array>): { readonly ports: World; readonly job: string } {
  const ports = world();
  const job = JSON.stringify(uploadedInline(ports, BODY));
  const sources: World['sources'] = {
    ...ports.sources,
    readWhole: async (...request) => ({ ...(await ports.sources.readWhole(...request)), content }),
  };
  return { ports: { ...ports, sources }, job };
}

function pieces(next: () => Promise<IteratorResult<Uint8Array>>): {
  readonly content: AsyncIterable<Uint8Array>;
  readonly closed: () => number;
} {
  let times = 0;
  const iterator: AsyncIterator<Uint8Array> = {
    next,
    async return() {
      times += 1;
      return await Promise.resolve({ done: true, value: undefined });
    },
  };
  return { content: { [Symbol.asyncIterator]: () => iterator }, closed: () => times };
}

describe('the connection that a small object is read by', () => {
  test('is closed when KMS refuses, before anything of it was read', async () => {
    const { content, closed } = pieces(async () => await Promise.reject(new Error('nobody reads')));
    const { ports, job } = readBy(content);
    ports.kms.refuse(ACME.kekArn, 'DisabledException');
    expect(await encryptJob(job, ports, NEVER).catch(codeOf)).toBe('ERR_TENANT_KEY_UNUSABLE');
    expect(closed()).toBe(1);
  });

  test('is closed at once when the button is pressed while S3 is silent', async () => {
    const revoked = new AbortController();
    const { content, closed } = pieces(async () => {
      revoked.abort(new Error('revoked'));
      return await new Promise(() => undefined);
    });
    const { ports, job } = readBy(content);
    await expect(encryptJob(job, ports, revoked.signal)).rejects.toThrow('revoked');
    expect(closed()).toBe(1);
  });
});

describe('a tenant that changed its KEK', () => {
  const NEW_ARN = 'arn:aws:kms:us-east-1:111111111111:key/9d3ab1c2-0000-4000-8000-aaaaaaaaaaaa';
  const CHANGED = {
    ...ACME,
    kekArn: NEW_ARN,
    retiredKeks: [{ kekArn: ACME.kekArn, replicaArns: [], branchKeyIds: [] }],
  };

  test('after the job was sent has the object under the new one, and reads the old ones still', async () => {
    const ports = world();
    const old = randomBytes(9);
    await sealedInline(ports, old, { key: 'acme/old', versionId: 'v0' });
    const job = uploadedInline(ports, BODY);
    ports.kms.addKey(NEW_ARN);
    ports.state.tenants.set(ACME.tenantId, CHANGED);
    await encryptJob(JSON.stringify(job), ports, NEVER);
    expect(ports.kms.calls.map(({ keyArn }) => keyArn)).toEqual([ACME.kekArn, NEW_ARN]);
    expect(await restoreContent(ports)).toEqual(BODY);
    expect(await restoreContent(ports, 'old')).toEqual(old);
  });
});

describe('a small upload that can never be read', () => {
  test('is planned, so that its one record stays and nobody sends it again', async () => {
    const ports = world();
    const job = JSON.stringify(uploadedInline(ports, BODY));
    Object.assign(ports.sources, {
      readWhole: async () => await Promise.reject(new SourceUnreadableError('it is archived')),
    });
    for (let delivery = 0; delivery < 2; delivery += 1)
      await expect(encryptJob(job, ports, NEVER)).rejects.toMatchObject({
        code: 'ERR_SOURCE_UNREADABLE',
        record: { id: objectIdOf('ingest', 'acme/report.pdf', 'v1') },
      });
    expect([...ports.state.plans.values()]).toMatchObject([
      { chunkCount: 1, unreadable: { reason: 'it is archived' } },
    ]);
    expect(ports.sources.versions.size).toBe(1);
  });
});

describe('a small object that was planned', () => {
  test('when the limit was lower is its plan’s', async () => {
    const ports = world();
    planned(ports, BODY);
    expect(await encryptJob(JSON.stringify(uploadedInline(ports, BODY)), ports, NEVER)).toMatchObject({
      chunk: { chunkIndex: 0 },
      objectSealed: true,
    });
    expect((await restored(ports)).chunkCount).toBe(1);
  });
});

async function refused(change: (ports: World) => void): Promise<unknown> {
  const ports = world();
  await sealedInline(ports, BODY);
  change(ports);
  const code = await restoreContent(ports).catch(codeOf);
  expect(ports.destinations.objects.size).toBe(0);
  return code;
}

describe('reading a small object', () => {
  test.each(['sizeBytes', 'epoch', 'sourceVersionId', 'sequencer', 'uploadedAt', 'sealedAt'] as const)(
    'refuses an edited %s',
    async (field) => {
      const other = {
        sizeBytes: 7,
        epoch: 99,
        uploadedAt: '2026-01-01T00:00:00Z',
        sealedAt: '2026-01-01T00:00:00Z',
      };
      const value = field in other ? Object.entries(other).find(([name]) => name === field)?.[1] : 'AA';
      expect(await refused((ports) => edit(ports, NAME, () => ({ [field]: value })))).toBe(
        'ERR_MANIFEST_INVALID',
      );
    },
  );

  test.each([
    ['another object id', { objectId: 'a'.repeat(64) }, 'ERR_CONTEXT_MISMATCH'],
    ['another tenant', { tenantId: 'globex' }, 'ERR_MANIFEST_INVALID'],
    ['another KEK', { kekArn: GLOBEX.kekArn }, 'ERR_MANIFEST_INVALID'],
    ['another format', { format: 'sealstream/1' }, 'ERR_MANIFEST_INVALID'],
    ['something more', { more: 1 }, 'ERR_MANIFEST_INVALID'],
  ])('refuses a clear part with %s', async (_what, change, code) => {
    expect(await refused((ports) => edit(ports, NAME, () => change))).toBe(code);
  });

  test('refuses a clear part that is gone', async () => {
    expect(await refused(({ vault }) => void vault.clearParts.delete(NAME))).toBe('ERR_MANIFEST_INVALID');
  });

  test('refuses an object that was moved to another name', async () => {
    const ports = world();
    await sealedInline(ports, BODY, { key: 'acme/other' });
    const { objects, clearParts } = ports.vault;
    const from = entryKey(ACME.tenantId, 'other');
    objects.set(NAME, objects.get(from) ?? Buffer.alloc(0));
    clearParts.set(NAME, clearParts.get(from) ?? '');
    expect(await restoreContent(ports).catch(codeOf)).toBe('ERR_MANIFEST_INVALID');
  });

  test('refuses an object of another tenant that was moved to this one', async () => {
    const ports = world();
    await sealedInline(ports, BODY, { key: 'globex/report.pdf' });
    const { objects, clearParts } = ports.vault;
    const from = entryKey(GLOBEX.tenantId, 'report.pdf');
    objects.set(NAME, objects.get(from) ?? Buffer.alloc(0));
    clearParts.set(
      NAME,
      (clearParts.get(from) ?? '').replace('"globex"', '"acme"').replace(GLOBEX.kekArn, ACME.kekArn),
    );
    expect(await restoreContent(ports).catch(codeOf)).toBe('ERR_CONTEXT_MISMATCH');
  });

  test('refuses a chunk in its place', async () => {
    const ports = world();
    const plan = await sealed(ports, randomBytes(CHUNK_BYTES + 1), { key: 'acme/big', versionId: 'v9' });
    await sealedInline(ports, BODY);
    const chunk = ports.vault.objects.get(`acme/chunks/${plan.objectId}/0000000000`);
    ports.vault.objects.set(NAME, chunk ?? Buffer.alloc(0));
    edit(ports, NAME, () => ({ objectId: plan.objectId, sizeBytes: CHUNK_BYTES }));
    expect(await restoreContent(ports).catch(codeOf)).toBe('ERR_CONTEXT_MISMATCH');
  });

  test('refuses a bit flipped in any byte of its message', async () => {
    const ports = world();
    await sealedInline(ports, randomBytes(3));
    const message = ports.vault.objects.get(NAME) ?? Buffer.alloc(0);
    for (const [index] of message.entries()) {
      const bit = index * 8 + (index % 8);
      ports.vault.objects.set(NAME, Buffer.from(withBitFlipped(message, bit)));
      expect(await restoreContent(ports).catch(() => 'refused'), `bit ${bit}`).toBe('refused');
    }
  });
});
