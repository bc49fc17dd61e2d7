/** Applies an event about a key to the tenants that hold the key. */
import type { BranchKeys } from '../envelope/kms/branch-keys.ts';
import type { Hearings, Tenants } from '../ports/tenants.ts';
import type { KeySignal } from '../tenant/key-signal.ts';
import { readable } from '../tenant/readable.ts';
import { rulesOf } from '../tenant/status.ts';
import { currentKekArns, type Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { changeTenant, type TenantChange } from './change.ts';
import { type IgnoredEvent, type KeyEvent, parseKeyEvent } from './key-event.ts';
import { probeKey, type ProbeKms } from './probe.ts';
import { takenBack, takesBack } from './taken-back.ts';
import { disabled, dropped, mayRevoke, questioned, reopened } from './transition.ts';

export interface RevokePorts {
  readonly tenants: Pick<Tenants, 'ofKek' | 'tenant' | 'replace'>;
  readonly hearings: Pick<Hearings, 'note' | 'remember'>;
  readonly branchKeys: Pick<BranchKeys, 'version'>;
  readonly kms: ProbeKms;
  readonly now: () => Date;
  /** The longest that KMS may take to spread a change: minutes. */
  readonly propagationSeconds: number;
}

/** The outcome of an event. `revoked`, `active`: the tenants in `tenantIds` are so now, and were not before. */
export type KeyEventOutcome =
  | { readonly outcome: 'revoked' | 'active' | 'unchanged'; readonly tenantIds: readonly TenantId[] }
  | {
      readonly outcome: 'ignored';
      readonly tenantIds: readonly [];
      readonly reason: IgnoredEvent['ignored'];
    };

/**
 * Handles one event. It is idempotent, and events may come in any order. One tenant's failure keeps no other tenant from
 * its change.
 * @throws KmsUnavailableError, StorageUnavailableError, TenantInvalidError: the event is to be delivered again. An invalid
 * record may be of a tenant that the event is about, so its error is thrown after all other tenants have been turned.
 */
export async function handleKeyEvent(input: unknown, ports: RevokePorts): Promise<KeyEventOutcome> {
  const event = parseKeyEvent(input, ports.now());
  const { kekArns = [] } = event;
  // The event is remembered first, because whoever registers the key meanwhile looks there afterwards. A failure of that
  // keeps nobody from being revoked.
  const remembered = await Promise.allSettled([remember(event, ports)]);
  const holders = await Promise.all(kekArns.map(async (arn) => await readable(ports.tenants.ofKek(arn))));
  const tenants = holders.flatMap((one) => one.tenants);
  const outcome = 'ignored' in event ? ignored(event.ignored) : await applyToAll(event, tenants, ports);
  // The key is noted as heard last, so nothing that revokes waits for it.
  const held = kekArns.filter((_arn, index) => (holders[index]?.tenants ?? []).length > 0);
  await Promise.all(held.map(async (arn) => await ports.hearings.note(arn, ports.now())));
  remembered.forEach(valueOf);
  const invalid = holders.map((one) => one.invalid).find((failure) => failure !== undefined);
  if (invalid !== undefined && !('ignored' in event)) throw invalid;
  return outcome;
}

/** Remembers an event that takes a key away, or that takes such an event back. */
async function remember(event: KeyEvent | IgnoredEvent, { hearings }: RevokePorts): Promise<void> {
  if ('ignored' in event || (event.kind !== 'disabling' && !takesBack(event.keySignal.name))) return;
  const { kekArns, keySignal } = event;
  await Promise.all(kekArns.map(async (kekArn) => await hearings.remember({ ...keySignal, kekArn })));
}

function ignored(reason: IgnoredEvent['ignored']): KeyEventOutcome {
  return { outcome: 'ignored', tenantIds: [], reason };
}

async function applyToAll(
  event: KeyEvent,
  tenants: readonly Tenant[],
  ports: RevokePorts,
): Promise<KeyEventOutcome> {
  if (tenants.length === 0) return ignored('unknown-key');
  const tenantIds = [...new Set(tenants.map(({ tenantId }) => tenantId))];
  const changes = await Promise.allSettled(
    tenantIds.map(async (id) => await STEPS[event.kind](id, event, ports)),
  );
  return outcomeOf(changes.map(valueOf));
}

type Step = (tenantId: TenantId, event: KeyEvent, ports: RevokePorts) => Promise<TenantChange | undefined>;

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
  { tenants }: RevokePorts,
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
  { tenants, kms, now, propagationSeconds }: RevokePorts,
): Promise<TenantChange | undefined> {
  await changeTenant(tenantId, tenants, (tenant) => afterAll(tenant, signalsAbout(event, tenant), takenBack));
  return await changeTenant(tenantId, tenants, async (tenant) => {
    const [keySignal] = signalsAbout(event, tenant);
    const next = keySignal && reopened(tenant, keySignal, { now: now(), propagationSeconds });
    return next !== undefined && (await isUsable(tenant, kms)) ? next : undefined;
  });
}

/** Drops the cached keys first of all: while KMS is asked, nobody goes on with a key that the new policy may refuse. */
async function inQuestion(
  tenantId: TenantId,
  event: KeyEvent,
  { tenants, kms }: RevokePorts,
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
  { tenants, branchKeys }: RevokePorts,
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

function valueOf<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}

/** Names the outcome by the first tenant that was turned: one event never revokes one tenant and activates another. */
function outcomeOf(changes: readonly (TenantChange | undefined)[]): KeyEventOutcome {
  const turned = changes
    .filter((change) => change !== undefined)
    .filter(({ before, after }) => before.status !== after.status)
    .map(({ after }) => after);
  const outcome = turned[0]?.status === 'revoked' ? 'revoked' : 'active';
  return {
    outcome: turned.length === 0 ? 'unchanged' : outcome,
    tenantIds: turned.map(({ tenantId }) => tenantId),
  };
}
