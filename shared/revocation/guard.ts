/**
 * Guards all work that uses a tenant's key. The work starts with no key of an older epoch, it is aborted within a
 * second of the tenant's epoch changing, and a refusal by KMS that it meets revokes the tenant in all sandboxes.
 */
import { isKeyRefusal } from '../errors.ts';
import type { Tenant } from '../tenant/tenant.ts';
import { epochPoll } from './epoch-poll.ts';
import { type FirstHandPorts, revokeFirstHand } from './first-hand.ts';

/**
 * Does `work` for the tenant. Precondition: the tenant was read just now, strongly consistent. The guard also waits for
 * work that obeys its signal slowly, so no work goes on after the caller has its answer.
 * @throws TenantRevokedError, EpochChangedError when the epoch changed while the work ran and it did not succeed
 * @throws every error of the work
 */
export type Guard = <T>(
  tenant: Tenant,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
) => Promise<T>;

/** Makes the guard of a sandbox, which has one. */
export function createGuard(ports: FirstHandPorts): Guard {
  const takeOff = epochPoll(ports);
  return async (tenant, signal, work) => {
    ports.cache.observe(tenant);
    using flight = takeOff(tenant);
    try {
      return await work(AbortSignal.any([signal, flight.signal]));
    } catch (error) {
      // After an abort, the error is a consequence of the abort, whatever it looks like.
      flight.signal.throwIfAborted();
      if (isKeyRefusal(error)) await revokeFirstHand(tenant, error, ports);
      throw error;
    }
  };
}
