/**
 * Gives a tenant another key, or other settings for the one it has. From then on new objects are encrypted under the
 * new key; what the old one wraps opens as long as it lives, and what a dropped replica wrapped as long as its KEK
 * does. A key that does not pass the checks changes nothing.
 */
import { EventInvalidError } from '../errors.ts';
import { requireRegistered, type Tenant } from '../tenant/tenant.ts';
import { type AddPorts, branchKeyOf, type Judged, rewritten } from './add.ts';
import { checkKeys } from './check.ts';
import { isProven } from './finding.ts';
import { checkNames } from './named-key.ts';
import type { ChangeRequest } from './request.ts';
import { withDroppedReplicas, withRetiredKek } from './retired-keks.ts';

/**
 * @throws TenantUnknownError when it is not registered
 * @throws EventInvalidError when its status does not allow it
 * @throws KmsUnavailableError, StorageUnavailableError: to be asked again
 */
export async function changeKey(request: ChangeRequest, ports: AddPorts): Promise<Judged> {
  const { tenantId, strict } = request;
  const tenant = requireRegistered(await ports.tenants.tenant(tenantId), tenantId);
  const signal = { name: 'registered', at: ports.now().toISOString() };
  const next = changed(tenant, request);
  const isNewKek = next.kekArn !== tenant.kekArn;
  requireChangeable(tenant, isNewKek);
  const names = checkNames(next, ports.ourselves);
  if (!isProven(names, false)) return { tenantId, status: tenant.status, findings: names };
  const { findings: keys, customKeyStore } = await checkKeys(next, ports);
  const findings = [...names, ...keys];
  if (!isProven(findings, strict)) return { tenantId, status: tenant.status, findings };
  const proven = { ...next, customKeyStore, ...(await branchKeyOf(next, ports)) };
  // What is known of the key stays true of it; of another one nothing is known but that it was just proven.
  await rewritten(tenant, isNewKek ? { ...proven, status: 'active', signal } : proven, ports);
  return { tenantId, status: 'active', findings };
}

function changed(tenant: Tenant, { settings }: ChangeRequest): Tenant {
  const named = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  if (settings.kekArn === undefined || settings.kekArn === tenant.kekArn) {
    const retiredKeks = withDroppedReplicas(tenant, settings.replicaArns ?? tenant.replicaArns);
    return { ...tenant, ...named, retiredKeks };
  }
  const retiredKeks = withRetiredKek(tenant);
  return { ...tenant, replicaArns: [], branchKeyId: undefined, ...named, retiredKeks };
}

/** A tenant whose key is gone may bring another; the same key comes back by itself, and only so. */
function requireChangeable({ tenantId, status }: Tenant, isNewKek: boolean): void {
  if (status === 'active' || (status === 'revoked' && isNewKek)) return;
  const way = status === 'revoked' ? 'its key must work again, or be another one' : 'it must be active';
  throw new EventInvalidError(`tenant ${tenantId} is ${status}: to change its settings ${way}`);
}
