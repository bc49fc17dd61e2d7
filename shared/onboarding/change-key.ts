/**
 * Gives a tenant another key, or other settings for the one it has. From then on new objects are encrypted under the
 * new key; what the old one wraps opens as long as it lives, and what a dropped replica wrapped as long as its KEK
 * does. A key that does not pass the checks changes nothing.
 */
import { EventInvalidError } from '../errors.ts';
import { requireRegistered } from '../tenant/admission.ts';
import { mayTurn, turned } from '../tenant/status.ts';
import type { Tenant } from '../tenant/tenant.ts';
import { type AddPorts, type Judged, madeOf, rewritten } from './add.ts';
import { checkKeys } from './check.ts';
import { isProven } from './finding.ts';
import { checkHeard, heedHeard } from './heard-keys.ts';
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
  const askedAt = ports.now();
  const next = withSettings(tenant, request, askedAt);
  const isNewKek = next.kekArn !== tenant.kekArn;
  const change = isNewKek ? 'change-kek' : 'change-settings';
  requireChangeable(tenant, change);
  const names = checkNames(next, ports.ourselves);
  if (!isProven(names, false)) return { tenantId, status: tenant.status, findings: names };
  const { findings: keys, customKeyStore } = await checkKeys(next, ports);
  const heard = await checkHeard(next, askedAt, ports);
  const findings = [...names, ...keys, ...heard.findings];
  if (!isProven(findings, strict)) return { tenantId, status: tenant.status, findings };
  const bringsKeys = isNewKek || hasNewReplica(tenant, next);
  const made = bringsKeys || next.keyMode !== tenant.keyMode ? await madeOf(next, ports) : {};
  // What is known of the keys that it has already stays true of them.
  const signal = bringsKeys ? heard.signal : tenant.signal;
  const proven = { ...next, ...made, customKeyStore };
  const changed = await rewritten(tenant, turned(proven, change, signal), ports);
  return { tenantId, status: await heedHeard(changed, ports), findings };
}

function hasNewReplica(tenant: Tenant, { replicaArns }: Tenant): boolean {
  return replicaArns.some((arn) => !tenant.replicaArns.includes(arn));
}

/** Of another KEK nothing is known yet. */
function withSettings(tenant: Tenant, { settings }: ChangeRequest, now: Date): Tenant {
  const named = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  if (settings.kekArn === undefined || settings.kekArn === tenant.kekArn) {
    const retiredKeks = withDroppedReplicas(tenant, settings.replicaArns ?? tenant.replicaArns);
    return { ...tenant, ...named, retiredKeks };
  }
  const retiredKeks = withRetiredKek(tenant);
  const signal = { name: 'registered', at: now.toISOString(), proofs: [] };
  return { ...tenant, replicaArns: [], branchKeyId: undefined, ...named, retiredKeks, signal };
}

/** A tenant whose key is gone may bring another; the same key comes back by itself, and only so. */
function requireChangeable(tenant: Tenant, change: 'change-kek' | 'change-settings'): void {
  if (mayTurn(tenant, change)) return;
  const canChangeKek = mayTurn(tenant, 'change-kek');
  const way = canChangeKek ? 'its key must work again, or be another one' : 'it must be active';
  throw new EventInvalidError(`tenant ${tenant.tenantId} is ${tenant.status}: to change its settings ${way}`);
}
