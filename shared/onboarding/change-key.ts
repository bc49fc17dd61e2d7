/**
 * Gives a tenant another key, or other settings for the key that it has. From then on new objects are encrypted under
 * the new key. What the old key wrapped stays readable as long as that key exists; what a dropped replica wrapped, as
 * long as its KEK exists. If the new key does not pass the checks, nothing changes.
 */
import { EventInvalidError } from '../errors.ts';
import { requireRegistered } from '../tenant/admission.ts';
import { mayTurn, turned } from '../tenant/status.ts';
import type { Tenant } from '../tenant/tenant.ts';
import { type AddPorts, type Judged, prepareKeys, rewrite } from './add.ts';
import { checkKeys } from './check.ts';
import { isProven } from './finding.ts';
import { checkHeard, heedHeard } from './heard-keys.ts';
import { checkNames } from './named-key.ts';
import type { ChangeRequest } from './request.ts';
import { withDroppedReplicas, withRetiredKek } from './retired-keks.ts';

/**
 * @throws TenantUnknownError when it is not registered
 * @throws EventInvalidError when its status does not allow it
 * @throws KmsUnavailableError, StorageUnavailableError: ask again
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
  const hasNewKeys = isNewKek || hasNewReplica(tenant, next);
  const made = hasNewKeys || next.keyMode !== tenant.keyMode ? await prepareKeys(next, ports) : {};
  // What was known of keys that the tenant keeps stays true.
  const keySignal = hasNewKeys ? heard.signal : tenant.signal;
  const proven = { ...next, ...made, customKeyStore };
  const changed = await rewrite(tenant, turned(proven, change, keySignal), ports);
  return { tenantId, status: await heedHeard(changed, ports), findings };
}

function hasNewReplica(tenant: Tenant, { replicaArns }: Tenant): boolean {
  return replicaArns.some((arn) => !tenant.replicaArns.includes(arn));
}

/** Returns the record with the new settings. A new KEK has a fresh signal: nothing is known of it yet. */
function withSettings(tenant: Tenant, { settings }: ChangeRequest, now: Date): Tenant {
  const named = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  if (settings.kekArn === undefined || settings.kekArn === tenant.kekArn) {
    const retiredKeks = withDroppedReplicas(tenant, settings.replicaArns ?? tenant.replicaArns);
    return { ...tenant, ...named, retiredKeks };
  }
  const retiredKeks = withRetiredKek(tenant);
  const keySignal = { name: 'registered', at: now.toISOString(), proofs: [] };
  return { ...tenant, replicaArns: [], branchKeyId: undefined, ...named, retiredKeks, signal: keySignal };
}

/**
 * Checks that the tenant's status allows the change. A revoked tenant may get another key. It may not change the
 * settings of its present key, which only works again when the tenant gives it back.
 * @throws EventInvalidError
 */
function requireChangeable(tenant: Tenant, change: 'change-kek' | 'change-settings'): void {
  if (mayTurn(tenant, change)) return;
  const canChangeKek = mayTurn(tenant, 'change-kek');
  const condition = canChangeKek ? 'its key must work again, or be another one' : 'it must be active';
  throw new EventInvalidError(
    `tenant ${tenant.tenantId} is ${tenant.status}: to change its settings ${condition}`,
  );
}
