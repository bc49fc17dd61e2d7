/** Shows the tenants' records to an operator. Nothing in them is secret. */
import type { Hearings, Tenants } from '../ports/tenants.ts';
import type { Parking } from '../ports/parking.ts';
import { readable } from '../tenant/readable.ts';
import { requireRegistered } from '../tenant/admission.ts';
import { currentKekArns, type Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import type { ListRequest } from './request.ts';

export interface ShowPorts {
  readonly tenants: Pick<Tenants, 'tenant' | 'all'>;
  readonly parking: Pick<Parking, 'count'>;
  readonly hearings: Pick<Hearings, 'last'>;
}

export interface Shown {
  readonly tenant: Tenant;
  readonly parkedJobs: number;
  /** The time of the last event that reached us, of each KEK in use. ISO 8601, UTC, up to an hour early. */
  readonly heardAt: Readonly<Record<string, string | null>>;
}

export interface Listed {
  readonly tenants: readonly Tenant[];
  /** The id after which the next page begins. Absent on the last page. */
  readonly after?: TenantId;
  /**
   * On the last page, the names of the rows of the state table that are not valid tenants. Absent when there are none.
   */
  readonly invalid?: string;
}

/** @throws TenantUnknownError */
export async function showTenant(tenantId: TenantId, ports: ShowPorts): Promise<Shown> {
  const tenant = requireRegistered(await ports.tenants.tenant(tenantId), tenantId);
  const heard = currentKekArns(tenant).map(
    async (arn) => [arn, (await ports.hearings.last(arn)) ?? null] as const,
  );
  const [parkedJobs, heardAt] = await Promise.all([ports.parking.count(tenantId), Promise.all(heard)]);
  return { tenant, parkedJobs, heardAt: Object.fromEntries(heardAt) };
}

/** Lists the tenants in order of id. */
export async function listTenants(
  { after, limit }: Omit<ListRequest, 'action'>,
  ports: ShowPorts,
): Promise<Listed> {
  const { tenants, invalid } = await readable(tenantsAfter(ports.tenants.all(), after, limit + 1));
  const page = tenants.slice(0, limit);
  const last = page.at(-1);
  if (tenants.length > limit && last !== undefined) return { tenants: page, after: last.tenantId };
  return { tenants: page, ...(invalid === undefined ? {} : { invalid: invalid.message }) };
}

async function* tenantsAfter(
  all: AsyncIterable<Tenant>,
  after: TenantId | undefined,
  limit: number,
): AsyncGenerator<Tenant> {
  let given = 0;
  for await (const tenant of all) {
    if (after !== undefined && tenant.tenantId <= after) continue;
    yield tenant;
    given += 1;
    if (given === limit) return;
  }
}
