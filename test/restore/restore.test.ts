import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encryptJob } from '../../shared/encrypt/encrypt-job.ts';
import { jobsOf } from '../../shared/object/job.ts';
import { chunkKey, entryKey } from '../../shared/object/vault-key.ts';
import type { Plan } from '../../shared/object/plan.ts';
import { restore } from '../../shared/restore/restore.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { codeOf } from '../support/content.ts';
import { withBitFlipped } from '../support/messages.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';
import { CHUNK_BYTES, NEVER, planned, sealed, world, type World } from '../support/world.ts';

const SIZE = 2 * CHUNK_BYTES + 1;

async function restoreContent(
  ports: World,
  key = 'report.pdf',
  { tenantId }: Tenant = ACME,
): Promise<Buffer | undefined> {
  await restore({ tenantId, key, destination: { bucket: 'out', key } }, ports, NEVER);
  return ports.destinations.objects.get(`out/${key}`)?.body;
}

describe('a restore', () => {
  test.each([
    0,
    1,
    1_001,
    CHUNK_BYTES - 1,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    2 * CHUNK_BYTES - 1,
    2 * CHUNK_BYTES,
    SIZE,
  ])('of %i bytes returns the same bytes', async (bytes) => {
    const ports = world();
    const body = randomBytes(bytes);
    await sealed(ports, body);
    expect(body.equals((await restoreContent(ports)) ?? randomBytes(1))).toBe(true);
  });

  test.each(['a b', 'a+b', '100%', 'ü', '😀', '../x', '//', 'folder/', 'k'.repeat(1_019), 'ü'.repeat(509)])(
    'of the key %j gives it back',
    async (key) => {
      const ports = world();
      const body = randomBytes(10);
      await sealed(ports, body, { key: `acme/${key}` });
      expect(await restoreContent(ports, key)).toEqual(body);
    },
  );

  test('keeps user metadata whatever it is called', async () => {
    const ports = world();
    const metadata: Record<string, string> = JSON.parse('{"__proto__":"a","constructor":"b"}');
    const plan = planned(ports, randomBytes(3));
    const source = { body: randomBytes(3), attributes: { metadata, tags: {} }, checksums: [] };
    ports.sources.versions.set(plan.source.versionId, source);
    const [job] = jobsOf(plan, 0);
    await encryptJob(JSON.stringify(job), ports, NEVER);
    await restoreContent(ports);
    const kept = ports.destinations.objects.get('out/report.pdf')?.attributes.metadata ?? {};
    expect(Object.entries(kept)).toEqual(Object.entries(metadata));
  });

  test('returns what was uploaded with the bytes', async () => {
    const ports = world();
    const attributes = {
      contentType: 'application/pdf',
      metadata: { owner: 'Zoë' },
      tags: { class: 'secret' },
    };
    await sealed(ports, randomBytes(SIZE));
    const destination = { bucket: 'out', key: 'copy.pdf' };
    const outcome = await restore({ tenantId: ACME.tenantId, key: 'report.pdf', destination }, ports, NEVER);
    expect(outcome).toEqual({
      tenantId: 'acme',
      key: 'report.pdf',
      sizeBytes: SIZE,
      chunkCount: 3,
      destination,
      attributes,
    });
    expect(ports.destinations.objects.get('out/copy.pdf')?.attributes).toEqual(attributes);
  });

  test('unwraps one DEK per chunk and one for the manifest, each under its own context', async () => {
    const ports = world();
    await sealed(ports, randomBytes(SIZE));
    const before = ports.kms.calls.length;
    await restoreContent(ports);
    const calls = ports.kms.calls.slice(before);
    expect(calls.map(({ context }) => context['chunk-index'] ?? context['purpose'])).toEqual([
      'manifest',
      '0',
      '1',
      '2',
    ]);
    expect(calls.every(({ operation, keyArn }) => operation === 'Decrypt' && keyArn === ACME.kekArn)).toBe(
      true,
    );
  });
});

describe('nothing is restored, and the destination is given up,', () => {
  type Disturb = (ports: World, plan: Plan, chunk: (index: number) => Buffer) => unknown;

  async function restoreDisturbed(disturb: Disturb): Promise<unknown> {
    const ports = world();
    const plan = await sealed(ports, randomBytes(SIZE));
    await disturb(ports, plan, (index) => ports.vault.objects.get(keyOf(plan, index)) ?? Buffer.alloc(0));
    const code = await restoreContent(ports).then(() => 'restored', codeOf);
    expect(ports.destinations.objects.size).toBe(0);
    expect(ports.destinations.aborted).toEqual(['out/report.pdf']);
    return code;
  }

  test.each([0, 1, 2])('when chunk %i is missing', async (index) => {
    const code = await restoreDisturbed(({ vault }, plan) => vault.objects.delete(keyOf(plan, index)));
    expect(code).toBe('ERR_AUTHENTICATION_FAILED');
  });

  test.each([0, 1, 2])('when chunk %i is truncated', async (index) => {
    const code = await restoreDisturbed(({ vault }, plan, chunk) =>
      vault.objects.set(keyOf(plan, index), chunk(index).subarray(0, -1)),
    );
    expect(code).toBe('ERR_AUTHENTICATION_FAILED');
  });

  test.each([0, 1, 2])('when something follows chunk %i', async (index) => {
    const code = await restoreDisturbed(({ vault }, plan, chunk) =>
      vault.objects.set(keyOf(plan, index), Buffer.concat([chunk(index), randomBytes(100)])),
    );
    expect(code).toBe('ERR_AUTHENTICATION_FAILED');
  });

  test('when the last chunk is empty', async () => {
    const code = await restoreDisturbed(({ vault }, plan) =>
      vault.objects.set(keyOf(plan, 2), Buffer.alloc(0)),
    );
    expect(code).toBe('ERR_AUTHENTICATION_FAILED');
  });

  test('when a bit of the last chunk is flipped', async () => {
    const code = await restoreDisturbed(({ vault }, plan, chunk) => {
      const message = chunk(2);
      vault.objects.set(keyOf(plan, 2), Buffer.from(withBitFlipped(message, 8 * message.length - 1)));
    });
    expect(code).toBe('ERR_AUTHENTICATION_FAILED');
  });

  test('when two chunks changed places', async () => {
    const code = await restoreDisturbed(({ vault }, plan, chunk) => {
      const [first, second] = [chunk(0), chunk(1)];
      vault.objects.set(keyOf(plan, 0), second).set(keyOf(plan, 1), first);
    });
    expect(code).toBe('ERR_CONTEXT_MISMATCH');
  });

  test('when a chunk is the same chunk of another object', async () => {
    const code = await restoreDisturbed(async (ports, plan) => {
      const other = await sealed(ports, randomBytes(SIZE), { key: 'acme/other', versionId: 'v9' });
      ports.vault.objects.set(keyOf(plan, 1), ports.vault.objects.get(keyOf(other, 1)) ?? Buffer.alloc(0));
    });
    expect(code).toBe('ERR_CONTEXT_MISMATCH');
  });

  test('when a chunk is another tenant’s', async () => {
    const code = await restoreDisturbed(async (ports, plan) => {
      const other = await sealed(ports, randomBytes(SIZE), { key: 'globex/report.pdf', versionId: 'v9' });
      ports.vault.objects.set(keyOf(plan, 1), ports.vault.objects.get(keyOf(other, 1)) ?? Buffer.alloc(0));
    });
    expect(code).toBe('ERR_CONTEXT_MISMATCH');
  });

  test('when the key is disabled after the first chunk', async () => {
    const code = await restoreDisturbed((ports) => {
      const vault = { ...ports.vault };
      Object.assign(ports.vault, {
        getChunk: async (...request: Parameters<World['vault']['getChunk']>) => {
          if (request[0].endsWith('1')) ports.kms.refuse(ACME.kekArn, 'DisabledException');
          return await vault.getChunk(...request);
        },
      });
    });
    expect(code).toBe('ERR_TENANT_KEY_UNUSABLE');
  });

  test('when a chunk stops arriving', async () => {
    const code = await restoreDisturbed((ports, _plan, chunk) => {
      const cut = chunk(0).subarray(0, 30_000);
      Object.assign(ports.vault, { getChunk: async () => await Promise.resolve(brokenOff(cut)) });
    });
    expect(code).toBe('ERR_STORAGE_UNAVAILABLE');
  });
});

describe('a restore is refused before anything is read of a chunk', () => {
  test.each([
    ['of an unknown tenant', undefined, 'ERR_TENANT_UNKNOWN'],
    ['of a pending tenant', { ...ACME, status: 'pending' as const }, 'ERR_TENANT_REVOKED'],
    ['of a revoked tenant', { ...ACME, status: 'revoked' as const }, 'ERR_TENANT_REVOKED'],
    ['of an offboarded tenant', { ...ACME, status: 'offboarded' as const }, 'ERR_TENANT_REVOKED'],
    [
      'under another KEK than it was sealed under',
      { ...ACME, kekArn: GLOBEX.kekArn },
      'ERR_MANIFEST_INVALID',
    ],
  ])('%s', async (_what, tenant, code) => {
    const ports = world();
    await sealed(ports, randomBytes(SIZE));
    ports.state.tenants.delete('acme');
    if (tenant !== undefined) ports.state.tenants.set('acme', tenant);
    const asked = ports.kms.calls.length;
    expect(await restoreContent(ports).then(() => 'restored', codeOf)).toBe(code);
    expect(ports.kms.calls).toHaveLength(asked);
    expect(ports.effects.log).not.toContain('vault.getChunk');
  });

  test('of an object that is not there', async () => {
    expect(await restoreContent(world()).then(() => 'restored', codeOf)).toBe('ERR_OBJECT_UNKNOWN');
  });

  test('of another tenant’s object by its name', async () => {
    const ports = world();
    await sealed(ports, randomBytes(SIZE));
    expect(ports.vault.objects.has(entryKey(ACME.tenantId, 'report.pdf'))).toBe(true);
    expect(await restoreContent(ports, 'report.pdf', GLOBEX).then(() => 'restored', codeOf)).toBe(
      'ERR_OBJECT_UNKNOWN',
    );
  });
});

function keyOf({ tenantId, objectId }: Plan, index: number): string {
  return chunkKey(tenantId, objectId, index);
}

async function* brokenOff(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
  throw new Error('socket hang up');
}
