/**
 * The tenants' records in the state table. A tenant is three items, written at once: its record, its entry in the
 * list of tenants, and its entry under its KEK. Only the record says anything about the key's state.
 */
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand, type TransactWriteCommandInput, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Tenants } from '../ports/tenants.ts';
import { everyKekArn, type ProbeCiphertext, type Tenant } from '../tenant/tenant.ts';
import { succeeds } from './conditional-write.ts';
import {
  kekItem,
  kekPartition,
  removalItem,
  type StateTable,
  TENANT_LIST,
  tenantItem,
  tenantListItem,
} from './state-table.ts';
import { storing } from './storage-failure.ts';
import { readTenant, recordsOf } from './tenant-records.ts';

export function dynamoTenants(table: StateTable): Tenants {
  return {
    tenant: async (id, signal) =>
      await storing('dynamodb:GetItem', async () => await readTenant(table, id, signal)),
    all: () => recordsOf(table, TENANT_LIST),
    ofKek: (kekArn) => tenantsOfKek(table, kekArn),
    register: async (tenant) =>
      await storing('dynamodb:TransactWriteItems', async () => await register(table, tenant)),
    replace: async (read, next) =>
      await storing('dynamodb:UpdateItem', async () => await replace(table, read, next)),
    keepProbeCiphertexts: async (read, made) =>
      await storing('dynamodb:UpdateItem', async () => await keepProbeCiphertexts(table, read, made)),
    rewrite: async (read, next) =>
      await storing('dynamodb:TransactWriteItems', async () => await rewrite(table, read, next)),
    forget: async (read) =>
      await storing('dynamodb:TransactWriteItems', async () => await forget(table, read)),
  };
}

/** The record has the last word on which keys are the tenant's. */
async function* tenantsOfKek(table: StateTable, kekArn: string): AsyncGenerator<Tenant> {
  for await (const tenant of recordsOf(table, kekPartition(kekArn)))
    if (everyKekArn(tenant).includes(kekArn)) yield tenant;
}

type Write = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

async function register({ client, name }: StateTable, tenant: Tenant): Promise<boolean> {
  const { tenantId } = tenant;
  const put = (Item: object): Write => ({
    Put: { TableName: name, Item: { ...Item }, ConditionExpression: 'attribute_not_exists(pk)' },
  });
  const record = put({ ...tenantItem(tenantId), ...tenant });
  const held = everyKekArn(tenant).map((kekArn) => put(kekItem(kekArn, tenantId)));
  return await writeAtOnce(client, [record, put(tenantListItem(tenantId)), ...held]);
}

async function rewrite({ client, name }: StateTable, read: Tenant, next: Tenant): Promise<boolean> {
  const { tenantId } = read;
  const record: Write = {
    Put: { TableName: name, Item: { ...tenantItem(tenantId), ...next }, ...unchangedSince(read) },
  };
  const [before, after] = [everyKekArn(read), everyKekArn(next)];
  const taken = after.filter((kekArn) => !before.includes(kekArn));
  const left = before.filter((kekArn) => !after.includes(kekArn));
  return await writeAtOnce(client, [
    record,
    ...taken.map((kekArn): Write => ({ Put: { TableName: name, Item: { ...kekItem(kekArn, tenantId) } } })),
    ...left.map((kekArn): Write => ({ Delete: { TableName: name, Key: { ...kekItem(kekArn, tenantId) } } })),
  ]);
}

/** At once, for a removal that outlived its tenant would be taken for that of the next one of the same id. */
async function forget({ client, name }: StateTable, read: Tenant): Promise<boolean> {
  const { tenantId } = read;
  const entries = [tenantListItem(tenantId), removalItem(tenantId)];
  const held = everyKekArn(read).map((kekArn) => kekItem(kekArn, tenantId));
  return await writeAtOnce(client, [
    { Delete: { TableName: name, Key: { ...tenantItem(tenantId) }, ...unchangedSince(read) } },
    ...[...entries, ...held].map((Key): Write => ({ Delete: { TableName: name, Key: { ...Key } } })),
  ]);
}

/** False when a condition did not hold. */
async function writeAtOnce(client: StateTable['client'], TransactItems: Write[]): Promise<boolean> {
  try {
    await client.send(new TransactWriteCommand({ TransactItems }));
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  }
}

/** Anything but a failed condition is contention or throttling. */
function isTaken(error: unknown): boolean {
  if (!(error instanceof TransactionCanceledException)) return false;
  return (error.CancellationReasons ?? []).some(({ Code }) => Code === 'ConditionalCheckFailed');
}

/** Writes what a signal may change and nothing else, so that a setting changed meanwhile is not undone. */
async function replace({ client, name }: StateTable, read: Tenant, next: Tenant): Promise<boolean> {
  const unchanged = unchangedSince(read);
  const command = new UpdateCommand({
    TableName: name,
    Key: tenantItem(read.tenantId),
    UpdateExpression: 'SET #status = :status, #epoch = :epoch, #signal = :signal',
    ConditionExpression: unchanged.ConditionExpression,
    ExpressionAttributeNames: { ...unchanged.ExpressionAttributeNames, '#status': 'status' },
    ExpressionAttributeValues: {
      ...unchanged.ExpressionAttributeValues,
      ':status': next.status,
      ':epoch': next.epoch,
      ':signal': next.signal,
    },
  });
  return await succeeds(client.send(command));
}

async function keepProbeCiphertexts(
  { client, name }: StateTable,
  read: Tenant,
  made: readonly ProbeCiphertext[],
): Promise<boolean> {
  const unchanged = unchangedSince(read);
  const command = new UpdateCommand({
    TableName: name,
    Key: tenantItem(read.tenantId),
    UpdateExpression: 'SET probeCiphertexts = :made',
    ...unchanged,
    ExpressionAttributeValues: { ...unchanged.ExpressionAttributeValues, ':made': made },
  });
  return await succeeds(client.send(command));
}

/** Member by member: the order of a map's members is not ours to rely on. What was noted is told by how often. */
function unchangedSince({ epoch, signal }: Tenant) {
  const { name, at, notes } = signal;
  const same = notes === undefined ? 'attribute_not_exists(#signal.#notes)' : '#signal.#notes = :readNotes';
  return {
    ConditionExpression: `#epoch = :readEpoch AND #signal.#name = :readName AND #signal.#at = :readAt AND ${same}`,
    ExpressionAttributeNames: {
      '#epoch': 'epoch',
      '#signal': 'signal',
      '#name': 'name',
      '#at': 'at',
      '#notes': 'notes',
    },
    ExpressionAttributeValues: {
      ':readEpoch': epoch,
      ':readName': name,
      ':readAt': at,
      ...(notes === undefined ? {} : { ':readNotes': notes }),
    },
  };
}
