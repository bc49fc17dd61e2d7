/** An account that attackers edited: how they edit it, how a person puts it right, and what may come of it meanwhile. */
import { planSchema } from '../../../shared/object/plan.ts';
import type { Rejection } from '../../../shared/ports/state.ts';
import { tenantIdSchema } from '../../../shared/tenant/tenant-id.ts';
import type { Account } from './account.ts';

export function editRecord({ tampering, uses }: Account, tenantId: string, row: unknown): void {
  tampering.records.set(tenantId, row);
  tampering.edited.add(tenantId);
  uses.isEdited(tenantId, true);
}

/** Does what a person would do: puts records right, and deletes plans that do not prove themselves. */
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

/** True when a rejection may come from the tampering. */
export function isOfTampering({ tampering, uploads }: Account, { code, body }: Rejection): boolean {
  const { objects, names, parked } = tampering;
  const { tenantId, key } = uploads.find((upload) => isAbout(body, upload)) ?? {};
  return (
    (code === 'ERR_MANIFEST_INVALID' && names.has(`${tenantId}/${key}`)) ||
    [...objects].some(([objectId, versionId]) => isAbout(body, { objectId, versionId })) ||
    parked.some(({ arrival, job }) => body.includes(arrival) || body === job)
  );
}

/** True when the message names the upload: by its object id, or by its source version. */
function isAbout(
  body: string,
  { objectId, versionId }: { readonly objectId: string; readonly versionId: string },
): boolean {
  return body.includes(objectId) || body.includes(`"versionId":"${versionId}"`);
}

/** Lists the planted rows that still lie among the parked jobs of an active tenant. */
export function stillParked({ parking, state, tampering }: Account): readonly string[] {
  return tampering.parked
    .filter(({ tenantId }) => state.tenants.get(tenantId)?.status === 'active')
    .filter(({ tenantId, arrival }) => parking.holds(tenantIdSchema.parse(tenantId), arrival))
    .map(({ tenantId, arrival }) => `${tenantId}: ${arrival}`);
}
