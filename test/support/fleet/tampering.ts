/** What those did to an account who had no business there, and what may come of it until a person has put it right. */
import { planSchema } from '../../../shared/object/plan.ts';
import type { Rejection } from '../../../shared/ports/state.ts';
import { type TenantId, tenantIdSchema } from '../../../shared/tenant/tenant-id.ts';
import type { EditedRecords } from '../edited-records.ts';
import type { Account } from './account.ts';

export interface Tampering {
  /** Rows in the place of tenants' records, by tenant id. */
  readonly records: EditedRecords;
  /** Tenants whose record was ever edited. */
  readonly edited: Set<string>;
  /** Objects that something was done to: their jobs may be refused. By id; the version of their source. */
  readonly objects: Map<string, string>;
  /** Of those the ones that may wait for a person, as long as their source stays. */
  readonly waiting: Set<string>;
  /** Names with another manifest in their place: of their other uploads it cannot be told whether they are newer. */
  readonly names: Set<string>;
  /** What was planted in the vault of a tenant that leaves, which nobody promised to take away. By name. */
  readonly strewn: Map<string, Buffer>;
  /** Rows among parked jobs that are none. */
  readonly parked: { readonly tenantId: TenantId; readonly arrival: string; readonly job: string }[];
}

export function newTampering(): Tampering {
  return {
    records: new Map(),
    edited: new Set(),
    objects: new Map(),
    waiting: new Set(),
    names: new Set(),
    strewn: new Map(),
    parked: [],
  };
}

export function editRecord({ tampering, uses }: Account, tenantId: string, row: unknown): void {
  tampering.records.set(tenantId, row);
  tampering.edited.add(tenantId);
  uses.isEdited(tenantId, true);
}

/** A person puts right what can wait for one: records, and plans that do not prove themselves. */
export function putRight(account: Account): void {
  const { state, tampering } = account;
  putRecordsRight(account);
  for (const [objectId, plan] of state.plans)
    if (!planSchema.safeParse(plan).success) state.plans.delete(objectId);
  tampering.waiting.clear();
}

export function putRecordsRight({ tampering, uses }: Account): void {
  for (const tenantId of tampering.records.keys()) uses.isEdited(tenantId, false);
  tampering.records.clear();
}

/** Whether work may have been refused because of what was done. */
export function isOfTampering({ tampering, uploads }: Account, { code, body }: Rejection): boolean {
  const { objects, names, parked } = tampering;
  const { tenantId, key } = uploads.find(({ objectId }) => body.includes(objectId)) ?? {};
  return (
    (code === 'ERR_MANIFEST_INVALID' && names.has(`${tenantId}/${key}`)) ||
    [...objects].some(
      ([id, versionId]) => body.includes(id) || body.includes(`"versionId":"${versionId}"`),
    ) ||
    parked.some(({ arrival, job }) => body.includes(arrival) || body === job)
  );
}

/** Rows that are no parked jobs and lie where jobs are unparked from, though the tenant is active. */
export function stillParked({ parking, state, tampering }: Account): readonly string[] {
  return tampering.parked
    .filter(({ tenantId }) => state.tenants.get(tenantId)?.status === 'active')
    .filter(({ tenantId, arrival }) => parking.holds(tenantIdSchema.parse(tenantId), arrival))
    .map(({ tenantId, arrival }) => `${tenantId}: ${arrival}`);
}
