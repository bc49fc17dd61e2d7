/** From an event about a key to the tenants who hold it. */
import type { BranchKeys } from '../envelope/branch-keys.ts';
import type { Hearings, Tenants } from '../ports.ts';
import { currentKekArns, type Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { changeTenant, type TenantChange } from './change.ts';
import { type IgnoredEvent, type KeyEvent, parseKeyEvent } from './key-event.ts';
import { type KmsProbe, probeKey } from './probe.ts';
import { disabled, dropped, enabled, mayRevoke, provenBy, questioned } from './transition.ts';

export interface RevokePorts {
  readonly tenants: Pick<Tenants, 'ofKek' | 'tenant' | 'replace'>;
  readonly hearings: Pick<Hearings, 'note'>;
  readonly branchKeys: Pick<BranchKeys, 'version'>;
  readonly kms: KmsProbe;
  readonly now: () => Date;
  /** How long KMS may take to spread a change: minutes at most. */
  readonly propagationSeconds: number;
}

/** What became of an event. `revoked`, `active`: `tenantIds` are so now, and were not before. */
export type KeyEventOutcome =
  | { readonly outcome: 'revoked' | 'active' | 'unchanged'; readonly tenantIds: readonly TenantId[] }
  | {
      readonly outcome: 'ignored';
      readonly tenantIds: readonly [];
      readonly reason: IgnoredEvent['ignored'];
    };

/**
 * Idempotent, and of any order. One tenant's failure keeps no other from its change.
 * @throws KmsUnavailableError, StorageUnavailableError: to be delivered again
 */
export async function handleKeyEvent(input: unknown, ports: RevokePorts): Promise<KeyEventOutcome> {
  const event = parseKeyEvent(input, ports.now());
  const { kekArns = [] } = event;
  const holders = await Promise.all(kekArns.map(async (arn) => await ports.tenants.ofKek(arn)));
  const tenants = holders.flat();
  const outcome = 'ignored' in event ? ignored(event.ignored) : await applyToAll(event, tenants, ports);
  // Last: nothing that revokes waits for it.
  const held = kekArns.filter((_arn, index) => (holders[index] ?? []).length > 0);
  await Promise.all(held.map(async (arn) => await ports.hearings.note(arn, ports.now())));
  return outcome;
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
  const changes = await Promise.allSettled(tenantIds.map(async (id) => await apply(event, id, ports)));
  return outcomeOf(changes.map(valueOf));
}

async function apply(
  event: KeyEvent,
  tenantId: TenantId,
  ports: RevokePorts,
): Promise<TenantChange | undefined> {
  const { tenants, kms, now, propagationSeconds } = ports;
  const { kind, signal } = event;
  const isCurrent = (tenant: Tenant) => currentKekArns(tenant).some((arn) => event.kekArns.includes(arn));
  if (kind === 'rotation') return await rotate(tenantId, isCurrent, ports);
  if (kind === 'disabling')
    return await changeTenant(tenantId, tenants, (tenant) =>
      isCurrent(tenant) ? disabled(tenant, signal) : dropped(tenant),
    );
  if (kind === 'enabling')
    return await changeTenant(tenantId, tenants, async (tenant) => {
      const proof = provenBy(tenant, signal, now(), propagationSeconds);
      return proof !== undefined && (await isUsable(tenant, kms)) ? enabled(tenant, proof) : undefined;
    });
  // Dropped first of all: while KMS is asked, nobody goes on with a key that the new policy may refuse.
  await changeTenant(tenantId, tenants, (tenant) =>
    isCurrent(tenant) ? questioned(tenant, signal) : dropped(tenant),
  );
  return await changeTenant(tenantId, tenants, async (tenant) =>
    isCurrent(tenant) && mayRevoke(tenant, signal) && !(await isUsable(tenant, kms))
      ? disabled(tenant, signal)
      : undefined,
  );
}

/** Delivered twice, it makes two versions, of which the first is never used. */
async function rotate(
  tenantId: TenantId,
  isCurrent: (tenant: Tenant) => boolean,
  { tenants, branchKeys }: RevokePorts,
): Promise<undefined> {
  const tenant = await tenants.tenant(tenantId);
  if (tenant === undefined || tenant.status !== 'active' || !isCurrent(tenant)) return;
  const { keyMode, rotateWithKek, branchKeyId } = tenant;
  if (keyMode === 'hierarchical' && rotateWithKek && branchKeyId !== undefined)
    await branchKeys.version(tenant, branchKeyId);
}

/** @throws the outage */
async function isUsable(tenant: Tenant, kms: KmsProbe): Promise<boolean> {
  const probe = await probeKey(tenant, kms);
  if ('unreachable' in probe) throw probe.unreachable;
  return 'usable' in probe;
}

function valueOf<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}

/** One event never revokes one tenant and activates another. */
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
