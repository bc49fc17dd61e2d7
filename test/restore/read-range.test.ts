import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { KeyUse } from '../../shared/envelope/kms/key-use.ts';
import { chunkKey } from '../../shared/object/vault-key.ts';
import { type RangeRead, readRange, type RequestedRange } from '../../shared/restore/read-range.ts';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import { codeOf } from '../support/content.ts';
import { withBitFlipped } from '../support/messages.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';
import {
  CHUNK_BYTES,
  DESCRIPTION,
  NEVER,
  sealed,
  sealedInline,
  world,
  type World,
} from '../support/world.ts';

const SIZE = 3 * CHUNK_BYTES + 10;
const body = randomBytes(SIZE);

const ATTRIBUTES = { attributes: DESCRIPTION.attributes };

interface Part extends Pick<RangeRead, 'range' | 'sizeBytes' | 'attributes'> {
  readonly bytes: Buffer;
}

async function read(ports: World, range: RequestedRange, tenantId: TenantId = ACME.tenantId): Promise<Part> {
  return await readRange({ tenantId, key: 'report.pdf', range, consume }, ports, NEVER);
}

async function consume({ content, ...part }: RangeRead): Promise<Part> {
  return { ...part, bytes: Buffer.concat(await Array.fromAsync(content)) };
}

async function consumeFirst({ content }: RangeRead): Promise<unknown> {
  return await content[Symbol.asyncIterator]().next();
}

async function sealedWorld(content: Buffer = body): Promise<World> {
  const ports = world();
  await sealed(ports, content);
  return ports;
}

describe('a range of an object', () => {
  const edges = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, SIZE - 1, SIZE];

  test('is the slice of the object, wherever it begins and ends', async () => {
    const ports = await sealedWorld();
    for (const start of edges) {
      for (const end of edges.filter((edge) => edge > start)) {
        const part = await read(ports, { start, end });
        expect(part.bytes.equals(body.subarray(start, end))).toBe(true);
        expect(part.range).toEqual({ start, end });
      }
    }
  });

  test('comes with the size and the attributes of the object', async () => {
    const { sizeBytes, attributes } = await read(await sealedWorld(), { start: 5, end: 6 });
    expect({ sizeBytes, attributes }).toEqual({
      sizeBytes: SIZE,
      attributes: { contentType: 'application/pdf', metadata: { owner: 'Zoë' }, tags: { class: 'secret' } },
    });
  });

  test.each([undefined, SIZE, SIZE + 1, Number.MAX_SAFE_INTEGER])(
    'that ends at %s ends with the object',
    async (end) => {
      const part = await read(await sealedWorld(), { start: SIZE - 7, end });
      expect(part.range).toEqual({ start: SIZE - 7, end: SIZE });
      expect(part.bytes.equals(body.subarray(-7))).toBe(true);
    },
  );

  test('asks KMS for the manifest and the chunks that it touches, and the vault for no other chunk', async () => {
    const ports = await sealedWorld();
    const [asked, done] = [ports.kms.calls.length, ports.effects.log.length];
    await read(ports, { start: 2 * CHUNK_BYTES + 5, end: 2 * CHUNK_BYTES + 6 });
    const contexts = ports.kms.calls
      .slice(asked)
      .map(({ context }) => context['chunk-index'] ?? context['purpose']);
    expect(contexts).toEqual(['manifest', '2']);
    expect(ports.effects.log.slice(done)).toEqual(['state.tenant', 'vault.getEntry', 'vault.getChunkRange']);
  });

  test('ends, its use of the key recorded, when its consumer leaves bytes unread', async () => {
    const ports = await sealedWorld();
    const uses: string[] = [];
    const keys = { ...ports.keys, recordUse: ({ chunkIndex }: KeyUse) => void uses.push(String(chunkIndex)) };
    const range = { start: CHUNK_BYTES };
    const request = { tenantId: ACME.tenantId, key: 'report.pdf', range, consume: consumeFirst };
    expect(await readRange(request, { ...ports, keys }, NEVER)).toMatchObject({ done: false });
    expect(uses).toEqual(['undefined', '1']);
  });

  test('does not need the chunks that it does not touch', async () => {
    const ports = world();
    const plan = await sealed(ports, body);
    for (const index of [0, 2, 3]) ports.vault.objects.delete(chunkKey(plan.tenantId, plan.objectId, index));
    const part = await read(ports, { start: CHUNK_BYTES, end: 2 * CHUNK_BYTES });
    expect(part.bytes.equals(body.subarray(CHUNK_BYTES, 2 * CHUNK_BYTES))).toBe(true);
  });
});

test('a range of an object under a KEK that its tenant has replaced is read under that KEK', async () => {
  const ports = await sealedWorld();
  const NEW_ARN = 'arn:aws:kms:us-east-1:111111111111:key/00000000-0000-4000-8000-000000000001';
  ports.kms.addKey(NEW_ARN);
  const retiredKeks = [{ kekArn: ACME.kekArn, replicaArns: [], branchKeyIds: [] }];
  ports.state.tenants.set(ACME.tenantId, { ...ACME, kekArn: NEW_ARN, retiredKeks });
  const part = await read(ports, { start: 1, end: CHUNK_BYTES + 1 });
  expect(part.bytes.equals(body.subarray(1, CHUNK_BYTES + 1))).toBe(true);
});

describe('a range of a small object', () => {
  test('is its slice, with its size and attributes, and costs one read of the vault', async () => {
    const ports = world();
    const small = randomBytes(1_000);
    await sealedInline(ports, small);
    const done = ports.effects.log.length;
    const part = await read(ports, { start: 10, end: 999 });
    expect(part.bytes.equals(small.subarray(10, 999))).toBe(true);
    expect(part).toMatchObject({ range: { start: 10, end: 999 }, sizeBytes: 1_000, ...ATTRIBUTES });
    expect(ports.effects.log.slice(done)).toEqual(['state.tenant', 'vault.getEntry']);
    expect((await read(ports, { start: 999, end: 2_000 })).bytes.equals(small.subarray(999))).toBe(true);
    expect(await read(ports, { start: 1_000 }).catch(codeOf)).toBe('ERR_RANGE_INVALID');
  });

  test('is refused when any byte of the object is altered', async () => {
    const ports = world();
    await sealedInline(ports, randomBytes(5));
    const [[name = '', message = Buffer.alloc(0)] = []] = ports.vault.objects;
    for (const index of message.keys()) {
      ports.vault.objects.set(name, Buffer.from(withBitFlipped(message, index * 8 + (index % 8))));
      expect(await read(ports, { start: 0, end: 1 }).catch(() => 'refused'), `byte ${index}`).toBe('refused');
    }
  });
});

describe('a range that no object has is refused:', () => {
  test.each([
    ['empty', { start: 5, end: 5 }],
    ['reversed', { start: 6, end: 5 }],
    ['before the beginning', { start: -1, end: 5 }],
    ['of fractions', { start: 0.5, end: 5 }],
    ['with a fractional end', { start: 0, end: 5.5 }],
    ['not a number', { start: Number.NaN, end: 5 }],
    ['without an end that is a number', { start: 0, end: Number.NaN }],
    ['beyond all numbers', { start: 2 ** 60 }],
  ])('%s, before anything is read', async (_what, range) => {
    const ports = world();
    expect(await read(ports, range).catch(codeOf)).toBe('ERR_RANGE_INVALID');
    expect(ports.effects.log).toEqual([]);
  });

  test.each([SIZE, SIZE + 1])('one that begins at %i, which is not before the end', async (start) => {
    expect(await read(await sealedWorld(), { start }).catch(codeOf)).toBe('ERR_RANGE_INVALID');
  });

  test('any of an empty object', async () => {
    const ports = await sealedWorld(Buffer.alloc(0));
    expect(await read(ports, { start: 0 }).catch(codeOf)).toBe('ERR_RANGE_INVALID');
  });
});

describe('a ranged read fails', () => {
  const range = { start: CHUNK_BYTES + 1, end: 2 * CHUNK_BYTES + 1 };

  async function codeAfter(disturb: (chunk: Buffer) => Buffer | undefined): Promise<unknown> {
    const ports = world();
    const plan = await sealed(ports, body);
    const key = chunkKey(plan.tenantId, plan.objectId, 1);
    const altered = disturb(ports.vault.objects.get(key) ?? Buffer.alloc(0));
    if (altered === undefined) ports.vault.objects.delete(key);
    else ports.vault.objects.set(key, altered);
    return await read(ports, range).then(() => 'read', codeOf);
  }

  test.each([
    ['missing', () => undefined],
    ['empty', () => Buffer.alloc(0)],
    ['truncated', (chunk: Buffer) => chunk.subarray(0, -1)],
    ['altered', (chunk: Buffer) => Buffer.from(withBitFlipped(chunk, 8 * chunk.length - 1))],
  ])('when a chunk that it touches is %s', async (_what, disturb) => {
    expect(await codeAfter(disturb)).toBe('ERR_AUTHENTICATION_FAILED');
  });

  test('when two chunks changed places', async () => {
    const ports = world();
    const plan = await sealed(ports, body);
    const [one, other] = [0, 1].map((index) => chunkKey(plan.tenantId, plan.objectId, index));
    const { objects } = ports.vault;
    const chunk = objects.get(one ?? '') ?? Buffer.alloc(0);
    objects.set(one ?? '', objects.get(other ?? '') ?? Buffer.alloc(0)).set(other ?? '', chunk);
    expect(await read(ports, range).catch(codeOf)).toBe('ERR_CONTEXT_MISMATCH');
  });

  test('when the object is another tenant’s, or there is none', async () => {
    const ports = await sealedWorld();
    expect(await read(ports, range, GLOBEX.tenantId).catch(codeOf)).toBe('ERR_OBJECT_UNKNOWN');
  });

  test('when the tenant is revoked, before anything of the vault is read', async () => {
    const ports = await sealedWorld();
    ports.state.tenants.set(ACME.tenantId, { ...ACME, status: 'revoked' });
    const before = ports.effects.log.filter((effect) => effect.startsWith('vault.')).length;
    expect(await read(ports, range).catch(codeOf)).toBe('ERR_TENANT_REVOKED');
    expect(ports.effects.log.filter((effect) => effect.startsWith('vault.'))).toHaveLength(before);
  });

  test('when the guard stops it, with the guard’s reason', async () => {
    const ports = await sealedWorld();
    const controller = new AbortController();
    const guarded: World = {
      ...ports,
      guard: async (_tenant, _signal, work) => await work(controller.signal),
    };
    const abort = async ({ content }: RangeRead): Promise<void> => {
      for await (const _ of content)
        controller.abort(Object.assign(new Error('revoked'), { code: 'REVOKED' }));
    };
    const request = { tenantId: ACME.tenantId, key: 'report.pdf', range, consume: abort };
    expect(await readRange(request, guarded, NEVER).then(() => 'read', codeOf)).toBe('REVOKED');
  });
});
