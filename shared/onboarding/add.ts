/**
 * Registers a tenant, proves its key, and makes it active. Until everything is proven the tenant is pending: its
 * uploads are planned and wait. When a pending tenant is added again, everything begins anew with the new settings.
 */
import { EventInvalidError, StorageUnavailableError } from '../errors.ts';
import type { Tenants } from '../ports/tenants.ts';
import { probeCiphertextsOf } from '../revocation/probe-ciphertext.ts';
import { mayTurn, rulesOf, turned } from '../tenant/status.ts';
import { type Tenant, tenantSchema, type TenantStatus } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { checkEvents, checkKeys, type CheckPorts } from './check.ts';
import { type Finding, isProven } from './finding.ts';
import { checkHeard, heedHeard, type HeardPorts } from './heard-keys.ts';
import { checkNames } from './named-key.ts';
import type { AddRequest, Settings } from './request.ts';

export interface AddPorts extends CheckPorts, HeardPorts {
  readonly tenants: Pick<Tenants, 'ofKek' | 'tenant' | 'register' | 'rewrite' | 'replace'>;
  readonly hearings: CheckPorts['hearings'] & HeardPorts['hearings'];
  readonly branchKeys: BranchKeyMaker;
}

/** Makes branch keys. Implemented by envelope/kms/branch-keys.ts. */
export interface BranchKeyMaker {
  /** Makes a branch key under the tenant's KEK. Returns its id. */
  make(tenant: Pick<Tenant, 'tenantId' | 'kekArn'>): Promise<string>;
}

export interface Judged {
  readonly tenantId: TenantId;
  /** `unregistered`: the ARNs did not pass the checks, so KMS was not asked and nothing was registered. */
  readonly status: TenantStatus | 'unregistered';
  readonly findings: readonly Finding[];
}

/**
 * @throws EventInvalidError when the tenant is registered and no longer pending
 * @throws KmsUnavailableError, StorageUnavailableError: ask again
 */
export async function addTenant(
  { tenantId, settings, strict }: AddRequest,
  ports: AddPorts,
): Promise<Judged> {
  const names = checkNames({ tenantId, ...settings }, ports.ourselves);
  if (!isProven(names, false)) return { tenantId, status: 'unregistered', findings: names };
  const pending = await register(tenantId, settings, ports);
  const [{ findings: keys, customKeyStore }, events] = await Promise.all([
    checkKeys(pending, ports),
    checkEvents(pending, ports),
  ]);
  const heard = await checkHeard(pending, new Date(pending.signal.at), ports);
  const findings = [...names, ...keys, ...events, ...heard.findings];
  if (!isProven(findings, strict)) return { tenantId, status: pending.status, findings };
  const proven = { ...pending, customKeyStore, ...(await prepareKeys(pending, ports)) };
  const active = await rewrite(pending, turned(proven, 'activate', heard.signal), ports);
  return { tenantId, status: await heedHeard(active, ports), findings };
}

/**
 * Makes what the control plane needs of the keys before they are used: the branch key and the ciphertexts of probes.
 */
export async function prepareKeys(
  tenant: Tenant,
  ports: Pick<AddPorts, 'branchKeys' | 'kms'>,
): Promise<Pick<Tenant, 'branchKeyId' | 'probeCiphertexts'>> {
  const [{ branchKeyId }, probeCiphertexts] = await Promise.all([
    withBranchKey(tenant, ports),
    probeCiphertextsOf(tenant, ports.kms),
  ]);
  return { branchKeyId, probeCiphertexts };
}

/** Makes a branch key where hierarchical mode needs one. A branch key that a crash leaves behind protects nothing. */
async function withBranchKey(
  tenant: Pick<Tenant, 'tenantId' | 'kekArn' | 'keyMode' | 'branchKeyId'>,
  { branchKeys }: Pick<AddPorts, 'branchKeys'>,
): Promise<Pick<Tenant, 'branchKeyId'>> {
  const { keyMode, branchKeyId } = tenant;
  if (keyMode !== 'hierarchical' || branchKeyId !== undefined) return { branchKeyId };
  return { branchKeyId: await branchKeys.make(tenant) };
}

/**
 * Writes the record and returns it.
 * @throws StorageUnavailableError when somebody else has changed it since it was read
 */
export async function rewrite(
  read: Tenant,
  next: Tenant,
  { tenants }: { readonly tenants: Pick<Tenants, 'rewrite'> },
): Promise<Tenant> {
  if (await tenants.rewrite(read, next)) return next;
  throw new StorageUnavailableError(
    `tenant ${read.tenantId} was changed by somebody else meanwhile; try again`,
  );
}

async function register(tenantId: TenantId, settings: Settings, ports: AddPorts): Promise<Tenant> {
  const { tenants, now } = ports;
  const registered = await tenants.tenant(tenantId);
  // The time is that before the checks, so that an event during the checks counts. Nothing is proven yet.
  const keySignal = { name: 'registered', at: now().toISOString(), proofs: [] };
  const tenant = tenantSchema.parse({
    tenantId,
    ...settings,
    status: 'pending',
    epoch: 1,
    signal: keySignal,
  });
  if (registered !== undefined) {
    requirePending(registered);
    const { status, epoch } = registered;
    return await rewrite(registered, turned({ ...tenant, status, epoch }, 'register', keySignal), ports);
  }
  if (await tenants.register(tenant)) return tenant;
  throw new StorageUnavailableError(
    `tenant ${tenantId} was registered by somebody else meanwhile; try again`,
  );
}

function requirePending(tenant: Tenant): void {
  const { tenantId, status } = tenant;
  if (mayTurn(tenant, 'register')) return;
  throw new EventInvalidError(
    rulesOf(tenant).key === 'left'
      ? `tenant ${tenantId} was removed; its id is not given to another tenant. If it never was active and ` +
          'the ingest bucket holds nothing of it, remove it once more, and then add it again'
      : `tenant ${tenantId} is registered already, and ${status}; change-key changes its key and settings`,
  );
}
