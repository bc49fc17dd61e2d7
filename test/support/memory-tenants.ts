/** The tenants' records in memory, each write as conditional as the state table's. */
import type { TenantInvalidError } from '../../shared/errors.ts';
import type { Tenants } from '../../shared/ports.ts';
import { everyKekArn, type Tenant } from '../../shared/tenant/tenant.ts';

export interface MemoryTenants extends Tenants {
  /** The records by tenant id. */
  readonly records: Map<string, Tenant>;
  /** How often a record was read. */
  reads: number;
  /** Every read and write fails with this until it is undefined again. */
  outage: Error | undefined;
  /** What every walk through many throws at its end: a row that is no tenant's. */
  invalid: TenantInvalidError | undefined;
}

export function memoryTenants(...registered: readonly Tenant[]): MemoryTenants {
  const records = new Map<string, Tenant>(registered.map((tenant) => [tenant.tenantId, tenant]));
  const tenants: MemoryTenants = {
    records,
    reads: 0,
    outage: undefined,
    invalid: undefined,
    async tenant(tenantId) {
      tenants.reads += 1;
      return await answer(() => records.get(tenantId));
    },
    async *all() {
      yield* await answer(() => [...records.values()].toSorted((a, b) => (a.tenantId < b.tenantId ? -1 : 1)));
      if (tenants.invalid !== undefined) throw tenants.invalid;
    },
    async *ofKek(kekArn) {
      yield* await answer(() =>
        [...records.values()].filter((tenant) => everyKekArn(tenant).includes(kekArn)),
      );
      if (tenants.invalid !== undefined) throw tenants.invalid;
    },
    register: async (tenant) =>
      await answer(() => {
        if (records.has(tenant.tenantId)) return false;
        records.set(tenant.tenantId, tenant);
        return true;
      }),
    rewrite: async (read, next) =>
      await answer(() => {
        const stored = records.get(read.tenantId);
        if (stored === undefined || !isSame(stored, read)) return false;
        records.set(read.tenantId, next);
        return true;
      }),
    forget: async (read) =>
      await answer(() => {
        const stored = records.get(read.tenantId);
        return stored !== undefined && isSame(stored, read) && records.delete(read.tenantId);
      }),
    keepProbeCiphertexts: async (read, probeCiphertexts) =>
      await answer(() => {
        const stored = records.get(read.tenantId);
        if (stored === undefined || !isSame(stored, read)) return false;
        records.set(read.tenantId, { ...stored, probeCiphertexts });
        return true;
      }),
    replace: async (read, { status, epoch, signal }) =>
      await answer(() => {
        const stored = records.get(read.tenantId);
        if (stored === undefined || !isSame(stored, read)) return false;
        records.set(read.tenantId, { ...stored, status, epoch, signal });
        return true;
      }),
  };

  async function answer<T>(work: () => T): Promise<T> {
    await Promise.resolve();
    if (tenants.outage !== undefined) throw tenants.outage;
    return work();
  }
  return tenants;
}

function isSame(one: Tenant, other: Tenant): boolean {
  return (
    one.epoch === other.epoch &&
    one.signal.name === other.signal.name &&
    one.signal.at === other.signal.at &&
    one.signal.notes === other.signal.notes
  );
}
