/** Wires the function `revoke`, which hears what happens to the tenants' keys. */
import { handleKeyEvent, type KeyEventOutcome, type RevokePorts } from '../revocation/revoke.ts';
import { unpark, type UnparkPorts } from '../watch/unpark.ts';
import { branchKeyMaker, type BranchKeyPorts } from './branch-key-maker.ts';
import type { Ports } from './ports.ts';

export type RevokeFunctionPorts = BranchKeyPorts &
  Pick<
    Ports,
    'tenants' | 'hearings' | 'controlPlaneKms' | 'parking' | 'leases' | 'jobs' | 'now' | 'keyEvents'
  >;

export type RevokeSettings = Pick<RevokePorts & UnparkPorts, 'propagationSeconds' | 'unparkPerSecond'>;

/** Handles one event of a key, and unparks the work of every tenant that it made active. */
export type KeyEventFunction = (event: unknown, signal: AbortSignal) => Promise<KeyEventOutcome>;

export function revokeFunction(ports: RevokeFunctionPorts, settings: RevokeSettings): KeyEventFunction {
  const usePorts = { ...ports, branchKeys: branchKeyMaker(ports), kms: ports.controlPlaneKms, ...settings };
  return async (event, signal) => {
    const outcome = await handleKeyEvent(event, usePorts).catch((failure: unknown) => {
      ports.keyEvents.failed();
      throw failure;
    });
    ports.keyEvents.handled(outcome);
    // The watch unparks what is still parked when time runs out.
    if (outcome.outcome === 'active')
      await Promise.all(
        outcome.tenantIds.map(async (tenantId) => await unpark(tenantId, usePorts, { signal })),
      );
    return outcome;
  };
}
