/**
 * The tenants' records as they are read. A record is believed only if it is one and names the tenant it was asked for:
 * whoever may write to the state table must not give one tenant's key to another. One that is not keeps back no other.
 */
import { BatchGetCommand, GetCommand, paginateQuery } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { StorageUnavailableError, TenantInvalidError } from '../errors.ts';
import { type Tenant, tenantSchema } from '../tenant/tenant.ts';
import { type TenantId, tenantIdSchema } from '../tenant/tenant-id.ts';
import { type StateTable, tenantItem } from './state-table.ts';
import { storing } from './storage-failure.ts';

/** DynamoDB's limit on one BatchGetItem. */
const PAGE_ITEMS = 100;
/** As many rows as a failure names. */
const NAMED_ROWS = 20;

const keySchema = z.looseObject({ pk: z.string() });

/**
 * Strongly consistent; undefined when there is no record.
 * @throws TenantInvalidError when the record is not this tenant's
 */
export async function readTenant(
  { client, name }: StateTable,
  tenantId: TenantId,
  abortSignal?: AbortSignal,
): Promise<Tenant | undefined> {
  const command = new GetCommand({ TableName: name, Key: tenantItem(tenantId), ConsistentRead: true });
  const { Item } = await client.send(command, { abortSignal });
  return Item === undefined ? undefined : parseTenant(Item, tenantId);
}

/** @throws TenantInvalidError when the item is no record of this tenant's */
export function parseTenant(item: unknown, tenantId: TenantId): Tenant {
  const { data, error } = tenantSchema.safeParse(item);
  if (data?.tenantId === tenantId) return data;
  const reason = data === undefined ? z.prettifyError(error) : `it names tenant ${data.tenantId}`;
  throw invalidRow(tenantItem(tenantId), `is no record of tenant ${tenantId}: ${reason}`);
}

/**
 * The tenants that a partition has an entry for, in order of id, page by page; memory is flat in their number. An entry
 * whose tenant has no record stands for nobody.
 * @throws TenantInvalidError after the last of them, naming the rows that could not be read
 */
export async function* recordsOf(table: StateTable, pk: string): AsyncGenerator<Tenant> {
  const invalid: Error[] = [];
  for await (const entries of entryPages(table, pk)) {
    const tenantIds = succeeding(entries, (sk) => parseEntry(pk, sk), invalid);
    const items = await readItems(table, tenantIds);
    yield* succeeding([...items], ([tenantId, item]) => parseTenant(item, tenantId), invalid);
  }
  if (invalid.length > 0) throw new TenantInvalidError(summary(invalid));
}

/** What became of each, without those that threw, whose errors go to `failures`. */
function succeeding<From, To>(
  all: readonly From[],
  parse: (one: From) => To,
  failures: Error[],
): readonly To[] {
  return all.flatMap((one) => {
    try {
      return [parse(one)];
    } catch (error) {
      if (!(error instanceof TenantInvalidError)) throw error;
      failures.push(error);
      return [];
    }
  });
}

function parseEntry(pk: string, sk: unknown): TenantId {
  const { data } = tenantIdSchema.safeParse(sk);
  if (data !== undefined) return data;
  throw invalidRow({ pk, sk: String(sk) }, 'stands for no tenant');
}

/** @param reason a sentence about the row */
export function invalidRow({ pk, sk }: { pk: string; sk: string }, reason: string): TenantInvalidError {
  return new TenantInvalidError(
    `the row pk ${pk}, sk ${sk} of the state table ${reason}; put it right, ` +
      `for example from a point-in-time restore of the table, and find out who wrote it`,
  );
}

function summary(invalid: readonly Error[]): string {
  const named = invalid.slice(0, NAMED_ROWS).map(({ message }) => message);
  const more = invalid.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}

/** The sort keys of a partition, each of which stands for a tenant. */
async function* entryPages({ client, name }: StateTable, pk: string): AsyncGenerator<readonly unknown[]> {
  const query = {
    TableName: name,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': pk },
    ConsistentRead: true,
  };
  const pages = paginateQuery({ client, pageSize: PAGE_ITEMS }, query)[Symbol.asyncIterator]();
  for (;;) {
    const page = await storing('dynamodb:Query', async () => await pages.next());
    if (page.done === true) return;
    const { Items = [] } = page.value;
    yield Items.map(({ sk }): unknown => sk);
  }
}

/** By tenant id, in the order they were asked for: a BatchGetItem answers in none. */
async function readItems(
  table: StateTable,
  tenantIds: readonly TenantId[],
): Promise<ReadonlyMap<TenantId, unknown>> {
  if (tenantIds.length === 0) return new Map();
  const items = await storing('dynamodb:BatchGetItem', async () => await batchGet(table, tenantIds));
  const byKey = new Map(items.map((item) => [item.pk, item]));
  return new Map(
    tenantIds.flatMap((tenantId) => {
      const item = byKey.get(tenantItem(tenantId).pk);
      return item === undefined ? [] : [[tenantId, item] as const];
    }),
  );
}

async function batchGet(
  { client, name }: StateTable,
  tenantIds: readonly TenantId[],
): Promise<readonly { readonly pk: string }[]> {
  const Keys = tenantIds.map((tenantId) => ({ ...tenantItem(tenantId) }));
  const command = new BatchGetCommand({ RequestItems: { [name]: { Keys, ConsistentRead: true } } });
  const { Responses, UnprocessedKeys } = await client.send(command);
  if (UnprocessedKeys?.[name] !== undefined)
    throw new StorageUnavailableError('dynamodb:BatchGetItem was throttled');
  return (Responses?.[name] ?? []).map((item) => keySchema.parse(item));
}
