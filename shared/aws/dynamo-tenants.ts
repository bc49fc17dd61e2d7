/**
 * The tenants' records in the state table. A tenant is three items, written at once: its record, its entry in the
 * list of tenants, and its entry under its KEK. Only the record says anything about the key's state.
 */
import type { Tenants } from '../ports/tenants.ts';
import { everyKekArn, type Tenant } from '../tenant/tenant.ts';
import { kekItem, kekPartition, removalItem, TENANT_LIST, tenantItem, tenantListItem } from './state-keys.ts';
import { ABSENT, type Condition, type Write } from './expressions.ts';
import type { Table } from './table.ts';
import { readTenant, recordsOf } from './tenant-records.ts';

export function dynamoTenants(table: Table): Tenants {
  return {
    tenant: async (id, signal) => await readTenant(table, id, signal),
    all: () => recordsOf(table, TENANT_LIST),
    ofKek: (kekArn) => tenantsOfKek(table, kekArn),
    register: async (tenant) => await table.writeAtOnce(registration(tenant)),
    // Writes what a signal may change and nothing else, so that a setting changed meanwhile is not undone.
    async replace(read, next) {
      const { condition, names, values } = unchangedSince(read);
      return await table.update(tenantItem(read.tenantId), {
        update: 'SET #status = :status, #epoch = :epoch, #signal = :signal',
        condition,
        names: { ...names, status: 'status' },
        values: { ...values, status: next.status, epoch: next.epoch, signal: next.signal },
      });
    },
    async keepProbeCiphertexts(read, made) {
      const { values, ...unchanged } = unchangedSince(read);
      const update = { update: 'SET probeCiphertexts = :made', ...unchanged, values: { ...values, made } };
      return await table.update(tenantItem(read.tenantId), update);
    },
    rewrite: async (read, next) => await table.writeAtOnce(rewriting(read, next)),
    forget: async (read) => await table.writeAtOnce(forgetting(read)),
  };
}

/** Reads the tenants whose own records say that the key is theirs. An entry under a KEK alone proves nothing. */
async function* tenantsOfKek(table: Table, kekArn: string): AsyncGenerator<Tenant> {
  for await (const tenant of recordsOf(table, kekPartition(kekArn)))
    if (everyKekArn(tenant).includes(kekArn)) yield tenant;
}

function registration(tenant: Tenant): readonly Write[] {
  const { tenantId } = tenant;
  const held = everyKekArn(tenant).map((kekArn) => kekItem(kekArn, tenantId));
  const items = [{ ...tenantItem(tenantId), ...tenant }, tenantListItem(tenantId), ...held];
  return items.map((put) => ({ put, only: ABSENT }));
}

function rewriting(read: Tenant, next: Tenant): readonly Write[] {
  const { tenantId } = read;
  const [before, after] = [everyKekArn(read), everyKekArn(next)];
  const taken = after.filter((kekArn) => !before.includes(kekArn));
  const left = before.filter((kekArn) => !after.includes(kekArn));
  return [
    { put: { ...tenantItem(tenantId), ...next }, only: unchangedSince(read) },
    ...taken.map((kekArn) => ({ put: kekItem(kekArn, tenantId) })),
    ...left.map((kekArn) => ({ delete: kekItem(kekArn, tenantId) })),
  ];
}

/**
 * Returns deletions that are done all at once: if the removal stayed, it would count for the next tenant of the same
 * id.
 */
function forgetting(read: Tenant): readonly Write[] {
  const { tenantId } = read;
  const held = everyKekArn(read).map((kekArn) => kekItem(kekArn, tenantId));
  return [
    { delete: tenantItem(tenantId), only: unchangedSince(read) },
    ...[tenantListItem(tenantId), removalItem(tenantId), ...held].map((key) => ({ delete: key })),
  ];
}

/** Compares member by member, because the members of a map may come in any order. `notes` counts what was noted. */
function unchangedSince({ epoch, signal }: Tenant): Condition {
  const { name, at, notes } = signal;
  const same = notes === undefined ? 'attribute_not_exists(#signal.#notes)' : '#signal.#notes = :readNotes';
  return {
    condition: `#epoch = :readEpoch AND #signal.#name = :readName AND #signal.#at = :readAt AND ${same}`,
    names: { epoch: 'epoch', signal: 'signal', name: 'name', at: 'at', notes: 'notes' },
    values: { readEpoch: epoch, readName: name, readAt: at, readNotes: notes },
  };
}
