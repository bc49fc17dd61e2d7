/** The tenants' records in a DynamoDB that is asked over HTTP. */
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dynamoTenants } from '../../shared/aws/dynamo-tenants.ts';
import { type StateTable, tenantItem } from '../../shared/aws/state-table.ts';
import type { Tenants } from '../../shared/ports.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { tenantIdSchema } from '../../shared/tenant/tenant-id.ts';
import { tableOf } from '../support/dynamo-table.ts';
import { type Services, startServices } from '../support/services.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';

/** More than one page of the list, and more than one BatchGetItem. */
const MANY = 120;

let services: Services;
let table: StateTable;
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

  test('that nobody registered is none', async () => {
    expect(await tenants.tenant(tenantIdSchema.parse('nobody'))).toBeUndefined();
  });

  test('is found by its KEK, with all others of that KEK and nobody else', async () => {
    const kekArn = ACME.kekArn.replace(/key\/.*/u, 'key/11111111-0000-4000-8000-000000000000');
    const [one, other] = [named('kek-one', { ...ACME, kekArn }), named('kek-other', { ...ACME, kekArn })];
    await tenants.register(one);
    await tenants.register(other);
    await tenants.register(named('kek-globex', GLOBEX));
    expect(await tenants.ofKek(kekArn)).toEqual([one, other]);
    expect(await tenants.ofKek(kekArn.replace('11111111', '22222222'))).toEqual([]);
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

describe('a change of key', () => {
  test('is written with who holds which key, or not at all', async () => {
    const read = named('rekeyed', { ...ACME, kekArn: arnOf('old'), replicaArns: [arnOf('replica')] });
    await tenants.register(read);
    expect(await tenants.ofKek(arnOf('replica'))).toEqual([read]);
    const retiredKeks = [{ kekArn: arnOf('old'), replicaArns: [], branchKeyIds: ['rekeyed.1'] }];
    const next = { ...read, kekArn: arnOf('new'), replicaArns: [], retiredKeks, epoch: read.epoch + 1 };
    expect(await tenants.rewrite(read, next)).toBe(true);
    expect(await tenants.tenant(read.tenantId)).toEqual(next);
    expect(await tenants.ofKek(arnOf('new'))).toEqual([next]);
    expect(await tenants.ofKek(arnOf('old'))).toEqual([next]);
    expect(await tenants.ofKek(arnOf('replica'))).toEqual([]);

    const late = { ...read, kekArn: arnOf('late'), epoch: read.epoch + 1 };
    expect(await tenants.rewrite(read, late)).toBe(false);
    expect(await tenants.ofKek(arnOf('late'))).toEqual([]);
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

test('a record that is no tenant’s keeps back no other, and is named when all others have come', async () => {
  await tenants.register(named('broken'));
  await table.client.send(
    new UpdateCommand({
      TableName: table.name,
      Key: tenantItem(tenantIdSchema.parse('broken')),
      UpdateExpression: 'SET epoch = :epoch',
      ExpressionAttributeValues: { ':epoch': 'seven' },
    }),
  );
  await tenants.register(named('zebra'));
  const found: string[] = [];
  const walk = async (): Promise<void> => {
    for await (const { tenantId } of tenants.all()) found.push(tenantId);
  };
  await expect(walk()).rejects.toMatchObject({
    code: 'ERR_TENANT_INVALID',
    message: expect.stringContaining('broken'),
  });
  expect(found).toContain('zebra');
  expect(found).not.toContain('broken');
});
