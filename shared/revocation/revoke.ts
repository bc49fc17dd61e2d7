/** From an event about a key to the tenants who hold it. */
import type { Tenants } from '../ports.ts';
import type { Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { changeTenant, type TenantChange } from './change.ts';
import { type IgnoredEvent, type KeyEvent, parseKeyEvent } from './key-event.ts';
import { type KmsProbe, probeKey } from './probe.ts';
import { disabled, enabled, mayRevoke, provenBy, questioned } from './transition.ts';

export interface RevokePorts {
  readonly tenants: Pick<Tenants, 'ofKek' | 'tenant' | 'replace'>;
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
  if ('ignored' in event) return { outcome: 'ignored', tenantIds: [], reason: event.ignored };
  const holders = await Promise.all(event.kekArns.map(async (arn) => await ports.tenants.ofKek(arn)));
  const tenantIds = holders.flat().map(({ tenantId }) => tenantId);
  if (tenantIds.length === 0) return { outcome: 'ignored', tenantIds: [], reason: 'unknown-key' };
  const changes = await Promise.allSettled(tenantIds.map(async (id) => await apply(event, id, ports)));
  return outcomeOf(changes.map(valueOf));
}

async function apply(
  { kind, signal }: KeyEvent,
  tenantId: TenantId,
  { tenants, kms, now, propagationSeconds }: RevokePorts,
): Promise<TenantChange | undefined> {
  if (kind === 'disabling')
    return await changeTenant(tenantId, tenants, (tenant) => disabled(tenant, signal));
  if (kind === 'enabling')
    return await changeTenant(tenantId, tenants, async (tenant) => {
      const proof = provenBy(tenant, signal, now(), propagationSeconds);
      return proof !== undefined && (await isUsable(tenant, kms)) ? enabled(tenant, proof) : undefined;
    });
  // Dropped first of all: while KMS is asked, nobody goes on with a key that the new policy may refuse.
  await changeTenant(tenantId, tenants, (tenant) => questioned(tenant, signal));
  return await changeTenant(tenantId, tenants, async (tenant) =>
    mayRevoke(tenant, signal) && !(await isUsable(tenant, kms)) ? disabled(tenant, signal) : undefined,
  );
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
