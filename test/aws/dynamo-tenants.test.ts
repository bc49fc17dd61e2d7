/** The tenants' records in a DynamoDB that is asked over HTTP. */
import { DeleteCommand, NumberValue, PutCommand, ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dynamoState } from '../../shared/aws/dynamo-state.ts';
import { dynamoTenants } from '../../shared/aws/dynamo-tenants.ts';
import { objectIdOf } from '../../shared/object/object-id.ts';
import { removalItem, tenantItem } from '../../shared/aws/state-keys.ts';
import type { Tenants } from '../../shared/ports/tenants.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { tenantIdSchema } from '../../shared/tenant/tenant-id.ts';
import { type RawTable, tableOf } from '../support/dynamo-table.ts';
import { type Services, startServices } from '../support/services.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';

/** More than one page of the list, and more than one BatchGetItem. */
const MANY = 120;

let services: Services;
let table: RawTable;
let tenants: Tenants;
beforeAll(async () => {
  services = await startServices();
  table = await tableOf(services);
  tenants = dynamoTenants(table);
});
afterAll(async () => {
  await services.close();
});

function named(id: string, tenant: Tenant = ACME): Tenant {
  return { ...tenant, tenantId: tenantIdSchema.parse(id) };
}

function arnOf(id: string): string {
  return ACME.kekArn.replace(/key\/.*/u, `key/${id}`);
}

async function holdersOf(kekArn: string): Promise<readonly Tenant[]> {
  return await Array.fromAsync(tenants.ofKek(kekArn));
}

/** Writes into a tenant's record what nobody of ours would. */
async function edit({ tenantId }: Tenant, attribute: string, value: unknown): Promise<void> {
  await table.client.send(
    new UpdateCommand({
      TableName: table.name,
      Key: tenantItem(tenantId),
      UpdateExpression: 'SET #attribute = :value',
      ExpressionAttributeNames: { '#attribute': attribute },
      ExpressionAttributeValues: { ':value': value },
    }),
  );
}

async function remove(Key: { pk: string; sk: string }): Promise<void> {
  await table.client.send(new DeleteCommand({ TableName: table.name, Key }));
}

/** What a walk through tenants yields, and what it throws at its end. */
async function walk(records: AsyncIterable<Tenant>): Promise<{ ids: string[]; failure: unknown }> {
  const ids: string[] = [];
  try {
    for await (const { tenantId } of records) ids.push(tenantId);
    return { ids, failure: undefined };
  } catch (failure) {
    return { ids, failure };
  }
}

function revoked(tenant: Tenant): Tenant {
  const signal = { name: 'DisableKey', at: '2026-03-01T12:00:00.000Z' };
  return { ...tenant, status: 'revoked', epoch: tenant.epoch + 1, signal };
}

describe('a tenant', () => {
  test('is registered once; who comes second changes nothing', async () => {
    const first = named('first');
    expect(await tenants.register(first)).toBe(true);
    expect(await tenants.register({ ...first, epoch: 99 })).toBe(false);
    expect(await tenants.tenant(first.tenantId)).toEqual(first);
  });

  test('that is forgotten leaves nothing: no record, no entry, no key, no removal', async () => {
    const burnt = named('burnt', { ...ACME, kekArn: arnOf('burnt') });
    await tenants.register(burnt);
    const { tenantId } = burnt;
    await table.client.send(
      new PutCommand({ TableName: table.name, Item: { ...removalItem(tenantId), step: 'done' } }),
    );
    expect(await tenants.forget({ ...burnt, epoch: burnt.epoch + 1 })).toBe(false);
    expect(await tenants.tenant(tenantId)).toEqual(burnt);
    expect(await tenants.forget(burnt)).toBe(true);
    const { Items = [] } = await table.client.send(new ScanCommand({ TableName: table.name }));
    expect(Items.filter(({ pk, sk }) => `${pk} ${sk}`.includes('burnt'))).toEqual([]);
    expect(await tenants.register(burnt)).toBe(true);
  });

  test('that nobody registered is none', async () => {
    expect(await tenants.tenant(tenantIdSchema.parse('nobody'))).toBeUndefined();
  });

  test('is found by its KEK, with all others of that KEK and nobody else', async () => {
    const kekArn = ACME.kekArn.replace(/key\/.*/u, 'key/11111111-0000-4000-8000-000000000000');
    const [one, other] = [named('kek-one', { ...ACME, kekArn }), named('kek-other', { ...ACME, kekArn })];
    await tenants.register(one);
    await tenants.register(other);
    await tenants.register(named('kek-globex', GLOBEX));
    expect(await holdersOf(kekArn)).toEqual([one, other]);
    expect(await holdersOf(kekArn.replace('11111111', '22222222'))).toEqual([]);
  });
});

describe('a change', () => {
  test('is written over what was read, and refused over anything else', async () => {
    const read = named('changing');
    await tenants.register(read);
    expect(await tenants.replace(read, revoked(read))).toBe(true);
    expect(await tenants.tenant(read.tenantId)).toEqual(revoked(read));
    expect(await tenants.replace(read, revoked(read))).toBe(false);
  });

  test('is refused when the signal alone has moved on', async () => {
    const read = named('noting');
    await tenants.register(read);
    const noted = { ...read, signal: { name: 'DisableKey', at: '2026-03-01T12:00:00.000Z' } };
    expect(await tenants.replace(read, noted)).toBe(true);
    expect(await tenants.replace(read, revoked(read))).toBe(false);
  });

  test('is refused when something was noted that changed neither the epoch nor the last signal', async () => {
    const read = named('noting-twice');
    await tenants.register(read);
    const reasons = [{ name: 'DisableKey', at: '2026-01-01T12:00:00.000Z', kekArn: read.kekArn }];
    const noted = { ...read, signal: { ...read.signal, reasons, proofs: [], notes: 1 } };
    expect(await tenants.replace(read, noted)).toBe(true);
    expect(await tenants.tenant(read.tenantId)).toEqual(noted);
    expect(await tenants.replace(read, revoked(read))).toBe(false);
    expect(await tenants.rewrite(read, revoked(read))).toBe(false);
    expect(await tenants.replace(noted, revoked(read))).toBe(true);
  });

  test('of ten at once is written by one', async () => {
    const read = named('contended');
    await tenants.register(read);
    const written = await Promise.all(
      Array.from({ length: 10 }, async () => await tenants.replace(read, revoked(read))),
    );
    expect(written.filter(Boolean)).toHaveLength(1);
  });

  test('leaves a setting alone that was changed meanwhile', async () => {
    const read = named('set');
    await tenants.register(read);
    await table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: tenantItem(read.tenantId),
        UpdateExpression: 'SET maxKeyAgeSeconds = :seconds',
        ExpressionAttributeValues: { ':seconds': 7 },
      }),
    );
    await tenants.replace(read, revoked(read));
    const { status, maxKeyAgeSeconds } = (await tenants.tenant(read.tenantId)) ?? read;
    expect({ status, maxKeyAgeSeconds }).toEqual({ status: 'revoked', maxKeyAgeSeconds: 7 });
  });

  test('of a tenant that is not registered makes none', async () => {
    const nobody = named('nobody-yet');
    expect(await tenants.replace(nobody, revoked(nobody))).toBe(false);
    expect(await tenants.tenant(nobody.tenantId)).toBeUndefined();
  });
});

describe('the ciphertexts of the probes', () => {
  test('are written into the record as it was read, and change nothing else', async () => {
    const read = named('probed');
    await tenants.register(read);
    const probeCiphertexts = [{ kekArn: read.kekArn, idName: 'tenant-id' as const, ciphertext: 'AAAA' }];
    expect(await tenants.keepProbeCiphertexts({ ...read, epoch: 99 }, probeCiphertexts)).toBe(false);
    expect(await tenants.keepProbeCiphertexts(read, probeCiphertexts)).toBe(true);
    expect(await tenants.tenant(read.tenantId)).toEqual({ ...read, probeCiphertexts });
  });
});

describe('a change of key', () => {
  test('is written with who holds which key, or not at all', async () => {
    const read = named('rekeyed', { ...ACME, kekArn: arnOf('old'), replicaArns: [arnOf('replica')] });
    await tenants.register(read);
    expect(await holdersOf(arnOf('replica'))).toEqual([read]);
    const retiredKeks = [{ kekArn: arnOf('old'), replicaArns: [], branchKeyIds: ['rekeyed.1'] }];
    const next = { ...read, kekArn: arnOf('new'), replicaArns: [], retiredKeks, epoch: read.epoch + 1 };
    expect(await tenants.rewrite(read, next)).toBe(true);
    expect(await tenants.tenant(read.tenantId)).toEqual(next);
    expect(await holdersOf(arnOf('new'))).toEqual([next]);
    expect(await holdersOf(arnOf('old'))).toEqual([next]);
    expect(await holdersOf(arnOf('replica'))).toEqual([]);

    const late = { ...read, kekArn: arnOf('late'), epoch: read.epoch + 1 };
    expect(await tenants.rewrite(read, late)).toBe(false);
    expect(await holdersOf(arnOf('late'))).toEqual([]);
    expect(await tenants.tenant(read.tenantId)).toEqual(next);
  });
});

test('all tenants come in order of id, page by page', async () => {
  const ids = Array.from({ length: MANY }, (_, index) => `many-${String(index).padStart(3, '0')}`);
  await Promise.all(ids.map(async (id) => await tenants.register(named(id))));
  const found: string[] = [];
  for await (const { tenantId } of tenants.all()) found.push(tenantId);
  expect(found.filter((id) => id.startsWith('many-'))).toEqual(ids);
  expect(found).toEqual(found.toSorted());
});

describe('a record that is not what its key says', () => {
  /** More digits than JavaScript has: the SDK throws for the whole answer unless it is told otherwise. */
  const HUGE = NumberValue.from('9007199254740993.5');

  test.each<[string, string, unknown]>([
    ['names another tenant', 'tenantId', 'globex'],
    ['does not parse', 'epoch', 'seven'],
    ['has a number that JavaScript cannot hold', 'epoch', HUGE],
    ['lacks its key', 'kekArn', null],
  ])('because it %s is refused by every reader, and keeps back no other', async (_why, attribute, value) => {
    const kekArn = arnOf(randomUUID());
    const id = `edited-${randomUUID()}`;
    const [edited, before, after] = [id, `${id}-a`, `a-${id}`].map((name) =>
      named(name, { ...ACME, kekArn }),
    );
    if (edited === undefined || before === undefined || after === undefined) throw new Error('three');
    for (const tenant of [edited, before, after]) await tenants.register(tenant);
    await edit(edited, attribute, value);

    const invalid = { code: 'ERR_TENANT_INVALID', message: expect.stringContaining(`tenant#${id}`) };
    const objectId = objectIdOf('ingest', `${id}/x`, 'v1');
    await expect(tenants.tenant(edited.tenantId)).rejects.toMatchObject(invalid);
    const state = dynamoState(table);
    await expect(state.tenant(edited.tenantId)).rejects.toMatchObject(invalid);
    await expect(state.tenantAndPlan(edited.tenantId, objectId)).rejects.toMatchObject(invalid);

    const held = await walk(tenants.ofKek(kekArn));
    expect(held).toEqual({
      ids: [after.tenantId, before.tenantId],
      failure: expect.objectContaining(invalid),
    });
    const all = await walk(tenants.all());
    expect(all.failure).toMatchObject(invalid);
    expect(all.ids).toEqual(expect.arrayContaining([before.tenantId, after.tenantId]));
    expect(all.ids).not.toContain(id);
    await remove(tenantItem(edited.tenantId));
  });

  test('because its entry in the list stands for nobody is named, and keeps back no other', async () => {
    const entry = { pk: 'tenants', sk: 'NOT A TENANT' };
    await table.client.send(new PutCommand({ TableName: table.name, Item: entry }));
    await tenants.register(named('zebra'));
    const { ids, failure } = await walk(tenants.all());
    expect(failure).toMatchObject({
      code: 'ERR_TENANT_INVALID',
      message: expect.stringContaining('NOT A TENANT'),
    });
    expect(ids).toContain('zebra');
    await remove(entry);
  });
});
