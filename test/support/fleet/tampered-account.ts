/** An account that attackers edited: how they edit it, how a person puts it right, and what may come of it meanwhile. */
import { type Plan, planSchema } from '../../../shared/object/plan.ts';
import { supersededKey } from '../../../shared/object/vault-key.ts';
import type { Rejection } from '../../../shared/ports/state.ts';
import { tenantIdSchema } from '../../../shared/tenant/tenant-id.ts';
import type { Account, Uploaded } from './account.ts';

export function editRecord({ tampering, uses }: Account, tenantId: string, row: unknown): void {
  tampering.records.set(tenantId, row);
  tampering.edited.add(tenantId);
  uses.isEdited(tenantId, true);
}

/**
 * Does what a person would do: puts records right, deletes plans that do not prove themselves, and puts the uploads that
 * were kept beside planted objects in their places.
 */
export function putRight(account: Account): void {
  const { state, tampering } = account;
  putRecordsRight(account);
  for (const [objectId, plan] of state.plans)
    if (!planSchema.safeParse(plan).success) state.plans.delete(objectId);
  tampering.waiting.clear();
  for (const [name, kept] of tampering.usurped) putInPlace(account, name, kept);
  tampering.usurped.clear();
}

function putInPlace(
  { vault: { objects, clearParts } }: Account,
  name: string,
  { tenantId, objectId }: Pick<Plan, 'tenantId' | 'objectId'>,
): void {
  objects.delete(name);
  clearParts.delete(name);
  const from = supersededKey(tenantId, objectId);
  const [body, clear] = [objects.get(from), clearParts.get(from)];
  if (body !== undefined) objects.set(name, body);
  if (clear !== undefined) clearParts.set(name, clear);
}

/** True for an upload that is kept beside a planted object, or will be. */
export function isUsurped({ tampering }: Account, { objectId }: Pick<Uploaded, 'objectId'>): boolean {
  return [...tampering.usurped.values()].some((usurped) => usurped.objectId === objectId);
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
