/** The tenants' records in memory, each write as conditional as the state table's. */
import { TenantInvalidError } from '../../shared/errors.ts';
import type { Tenants } from '../../shared/ports/tenants.ts';
import { everyKekArn, type Tenant } from '../../shared/tenant/tenant.ts';
import { type TenantId, tenantIdSchema } from '../../shared/tenant/tenant-id.ts';
import { type EditedRecords, recordIn } from './edited-records.ts';

export interface MemoryTenants extends Tenants {
  /** The records by tenant id. */
  readonly records: Map<string, Tenant>;
  edited: EditedRecords;
  /** The number of reads of a record. */
  reads: number;
  /** Every read and write fails with this until it is undefined again. */
  outage: Error | undefined;
  /** The error that every walk through many throws at its end: a row that is no tenant's. */
  invalid: TenantInvalidError | undefined;
}

export function memoryTenants(...registered: readonly Tenant[]): MemoryTenants {
  const records = new Map<string, Tenant>(registered.map((tenant) => [tenant.tenantId, tenant]));
  const tenants: MemoryTenants = {
    records,
    edited: new Map(),
    reads: 0,
    outage: undefined,
    invalid: undefined,
    async tenant(tenantId) {
      tenants.reads += 1;
      return await answer(() => recordIn(records, tenants.edited, tenantId));
    },
    async *all() {
      yield* listed(await answer(() => [...records.keys()]));
    },
    async *ofKek(kekArn) {
      yield* listed(await answer(() => holdersOf(kekArn)));
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

  /** Their entries under the KEK, which say nothing of what is in their records' places. */
  function holdersOf(kekArn: string): readonly string[] {
    return [...records.values()]
      .filter((tenant) => everyKekArn(tenant).includes(kekArn))
      .map(({ tenantId }) => tenantId);
  }
  /** A row that is not a tenant's is reported at the end. It does not stop the reading of the others. */
  function* listed(tenantIds: readonly string[]): Generator<Tenant> {
    let invalid = tenants.invalid;
    for (const tenantId of tenantIds.toSorted()) {
      const record = readable(tenantIdSchema.parse(tenantId));
      if (record instanceof TenantInvalidError) invalid ??= record;
      else if (record !== undefined) yield record;
    }
    if (invalid !== undefined) throw invalid;
  }
  function readable(tenantId: TenantId): Tenant | TenantInvalidError | undefined {
    try {
      return recordIn(records, tenants.edited, tenantId);
    } catch (error) {
      if (error instanceof TenantInvalidError) return error;
      throw error;
    }
  }
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
