/**
 * The tenants' records as they are read. A record is believed only if it is valid and names the tenant that it was read
 * for, so that somebody who may write to the state table cannot give one tenant's key to another. An invalid record
 * does not stop the reading of the others.
 */
import * as z from 'zod';
import { TenantInvalidError } from '../errors.ts';
import { type Tenant, tenantSchema } from '../tenant/tenant.ts';
import { type TenantId, tenantIdSchema } from '../tenant/tenant-id.ts';
import { type ItemKey, tenantItem } from './state-keys.ts';
import type { Table } from './table.ts';

/** A page of tenants is read in one request. */
const PAGE_ITEMS = 100;
/** The most rows that a failure names. */
const NAMED_ROWS = 20;

/**
 * Returns undefined when there is no record.
 * @throws TenantInvalidError when the record is not this tenant's
 */
export async function readTenant(
  table: Table,
  tenantId: TenantId,
  signal?: AbortSignal,
): Promise<Tenant | undefined> {
  const item = await table.get(tenantItem(tenantId), signal);
  return item && parseTenant(item, tenantId);
}

/** @throws TenantInvalidError when the item is no record of this tenant's */
export function parseTenant(item: unknown, tenantId: TenantId): Tenant {
  const { data, error } = tenantSchema.safeParse(item);
  if (data?.tenantId === tenantId) return data;
  const reason = data === undefined ? z.prettifyError(error) : `it names tenant ${data.tenantId}`;
  throw invalidRow(tenantItem(tenantId), `is no record of tenant ${tenantId}: ${reason}`);
}

/**
 * Reads the tenants that a partition has an entry for, in order of id, page by page. Memory does not grow with their
 * number. An entry whose tenant has no record is skipped.
 * @throws TenantInvalidError after the last of them, naming the rows that could not be read
 */
export async function* recordsOf(table: Table, pk: string): AsyncGenerator<Tenant> {
  const invalid: Error[] = [];
  for await (const entries of table.pages({ where: 'pk = :pk', values: { pk }, pageItems: PAGE_ITEMS })) {
    const tenantIds = succeeding(entries, ({ sk }) => parseEntry(pk, sk), invalid);
    const items = await Promise.all(
      tenantIds.map(async (tenantId) => ({
        tenantId,
        item: await table.getTogether(tenantItem(tenantId)),
      })),
    );
    const found = items.filter(({ item }) => item !== undefined);
    yield* succeeding(found, ({ tenantId, item }) => parseTenant(item, tenantId), invalid);
  }
  if (invalid.length > 0) throw new TenantInvalidError(summary(invalid));
}

/** Parses each, and leaves out those that throw. Their errors go to `failures`. */
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
export function invalidRow({ pk, sk }: ItemKey, reason: string): TenantInvalidError {
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
