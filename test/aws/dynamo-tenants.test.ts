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
import { ACME } from '../support/tenants.ts';

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

/** Returns the tenants that a walk yields, and the error that it throws at its end. */
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
});

describe('a change', () => {
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
