/** Applies an event about a key to one tenant that holds the key. */
import type { BranchKeys } from '../envelope/kms/branch-keys.ts';
import type { Tenants } from '../ports/tenants.ts';
import type { KeySignal } from '../tenant/key-signal.ts';
import { rulesOf } from '../tenant/status.ts';
import { currentKekArns, type Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { changeTenant, type TenantChange } from './change.ts';
import type { KeyEvent } from './key-event.ts';
import { probeKey, type ProbeKms } from './probe.ts';
import { takenBack } from './taken-back.ts';
import { disabled, dropped, mayRevoke, questioned, reopened } from './transition.ts';

export interface StepPorts {
  readonly tenants: Pick<Tenants, 'tenant' | 'replace'>;
  readonly branchKeys: Pick<BranchKeys, 'version'>;
  readonly kms: ProbeKms;
  readonly now: () => Date;
  /** The longest that KMS may take to spread a change: minutes. */
  readonly propagationSeconds: number;
}

/**
 * Returns the last change of the tenant, or undefined when the event changes nothing.
 * @throws KmsUnavailableError, StorageUnavailableError
 */
export async function applyKeyEvent(
  tenantId: TenantId,
  event: KeyEvent,
  ports: StepPorts,
): Promise<TenantChange | undefined> {
  return await STEPS[event.kind](tenantId, event, ports);
}

type Step = (tenantId: TenantId, event: KeyEvent, ports: StepPorts) => Promise<TenantChange | undefined>;

const STEPS: Readonly<Record<KeyEvent['kind'], Step>> = {
  disabling: takenAway,
  enabling: mayComeBack,
  questioning: inQuestion,
  rotation: rotate,
};

/** Returns the event's signal about each key that the tenant has now. */
function signalsAbout({ kekArns, keySignal }: KeyEvent, tenant: Tenant): readonly KeySignal[] {
  const current = currentKekArns(tenant).filter((kekArn) => kekArns.includes(kekArn));
  return current.map((kekArn) => ({ ...keySignal, kekArn }));
}

/** Takes one step for each key. Returns undefined when none of them changes anything. */
function afterAll(
  tenant: Tenant,
  keySignals: readonly KeySignal[],
  step: (tenant: Tenant, keySignal: KeySignal) => Tenant | undefined,
): Tenant | undefined {
  const after = keySignals.reduce((before, keySignal) => step(before, keySignal) ?? before, tenant);
  return after === tenant ? undefined : after;
}

async function takenAway(
  tenantId: TenantId,
  event: KeyEvent,
  { tenants }: StepPorts,
): Promise<TenantChange | undefined> {
  return await changeTenant(tenantId, tenants, (tenant) => {
    const keySignals = signalsAbout(event, tenant);
    return keySignals.length === 0 ? dropped(tenant) : afterAll(tenant, keySignals, disabled);
  });
}

/** Reasons that the event takes back stay taken back, whatever the probe says now: the watch asks again. */
async function mayComeBack(
  tenantId: TenantId,
  event: KeyEvent,
  { tenants, kms, now, propagationSeconds }: StepPorts,
): Promise<TenantChange | undefined> {
  await changeTenant(tenantId, tenants, (tenant) => afterAll(tenant, signalsAbout(event, tenant), takenBack));
  return await changeTenant(tenantId, tenants, async (tenant) => {
    const [keySignal] = signalsAbout(event, tenant);
    const next = keySignal && reopened(tenant, keySignal, { now: now(), propagationSeconds });
    return next !== undefined && (await isUsable(tenant, kms)) ? next : undefined;
  });
}

/** Drops the cached keys first, so that nobody uses a key that the new policy may refuse while KMS is asked. */
async function inQuestion(
  tenantId: TenantId,
  event: KeyEvent,
  { tenants, kms }: StepPorts,
): Promise<TenantChange | undefined> {
  await changeTenant(tenantId, tenants, (tenant) => {
    const keySignals = signalsAbout(event, tenant);
    return keySignals.length === 0 ? dropped(tenant) : afterAll(tenant, keySignals, questioned);
  });
  return await changeTenant(tenantId, tenants, async (tenant) => {
    const keySignals = signalsAbout(event, tenant).filter((keySignal) => mayRevoke(tenant, keySignal));
    return keySignals.length > 0 && !(await isUsable(tenant, kms))
      ? afterAll(tenant, keySignals, disabled)
      : undefined;
  });
}

/**
 * Makes a new version of the branch key. An event delivered twice makes two versions, and the first one is never used.
 */
async function rotate(
  tenantId: TenantId,
  event: KeyEvent,
  { tenants, branchKeys }: StepPorts,
): Promise<undefined> {
  const tenant = await tenants.tenant(tenantId);
  if (tenant === undefined || !rulesOf(tenant).rotates) return;
  if (signalsAbout(event, tenant).length === 0) return;
  const { keyMode, rotateWithKek, branchKeyId } = tenant;
  if (keyMode === 'hierarchical' && rotateWithKek && branchKeyId !== undefined)
    await branchKeys.version(tenant, branchKeyId);
}

/** @throws the outage */
async function isUsable(tenant: Tenant, kms: ProbeKms): Promise<boolean> {
  const probe = await probeKey(tenant, kms);
  if ('unreachable' in probe) throw probe.unreachable;
  return 'usable' in probe;
}
