/** Applies an event about a key to the tenants that hold the key. */
import type { Hearings, Tenants } from '../ports/tenants.ts';
import { readable } from '../tenant/readable.ts';
import { rulesOf } from '../tenant/status.ts';
import type { Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import type { TenantChange } from './change.ts';
import { type IgnoredEvent, type KeyEvent, parseKeyEvent } from './key-event.ts';
import { applyKeyEvent, type StepPorts } from './key-event-steps.ts';
import { takesBack } from './taken-back.ts';

export interface RevokePorts extends StepPorts {
  readonly tenants: Pick<Tenants, 'ofKek' | 'tenant' | 'replace'>;
  readonly hearings: Pick<Hearings, 'note' | 'remember'>;
}

/** The outcome of an event: since now, keys of the tenants in `tenantIds` are used no more, or are used again. */
export type KeyEventOutcome =
  | { readonly outcome: 'revoked' | 'active' | 'unchanged'; readonly tenantIds: readonly TenantId[] }
  | {
      readonly outcome: 'ignored';
      readonly tenantIds: readonly [];
      readonly reason: IgnoredEvent['ignored'];
    };

/**
 * Handles one event. It is idempotent, and events may come in any order. A failure of one tenant does not stop the
 * changes of the others.
 * @throws KmsUnavailableError, StorageUnavailableError, TenantInvalidError: the event is to be delivered again. An
 * invalid record may be of a tenant that the event is about, so its error is thrown after all other tenants have been
 * turned.
 */
export async function handleKeyEvent(input: unknown, ports: RevokePorts): Promise<KeyEventOutcome> {
  const event = parseKeyEvent(input, ports.now());
  const { kekArns = [] } = event;
  // The event is remembered first, because whoever registers the key meanwhile looks there afterwards. If that fails,
  // the tenants are revoked all the same.
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
    tenantIds.map(async (id) => await applyKeyEvent(id, event, ports)),
  );
  return outcomeOf(changes.map(valueOf));
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
  const [first] = turned;
  if (first === undefined) return { outcome: 'unchanged', tenantIds: [] };
  return {
    outcome: rulesOf(first).encrypts ? 'active' : 'revoked',
    tenantIds: turned.map(({ tenantId }) => tenantId),
  };
}
