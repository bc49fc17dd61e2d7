/** Wires the function `offboard`, for tenants that pause or go. */
import { remove, type Removed } from '../offboarding/remove.ts';
import { type OffboardRequest, parseOffboardRequest } from '../offboarding/request.ts';
import { resume, suspend, type SuspendAnswer, type SuspendPorts } from '../offboarding/suspend.ts';
import type { RequestFunction } from './function-kinds.ts';
import type { Ports } from './ports.ts';

export type OffboardFunctionPorts = Pick<
  Ports,
  | 'tenants'
  | 'state'
  | 'parking'
  | 'removals'
  | 'listing'
  | 'controlPlaneKms'
  | 'deleteCiphertext'
  | 'shredBranchKey'
  | 'now'
>;

export type OffboardSettings = Pick<SuspendPorts, 'propagationSeconds'>;

export function offboardFunction(
  ports: OffboardFunctionPorts,
  settings: OffboardSettings,
): RequestFunction<OffboardRequest, SuspendAnswer | Removed> {
  const offboardPorts = { ...ports, kms: ports.controlPlaneKms, ...settings };
  return {
    parse: parseOffboardRequest,
    async answer(request, signal) {
      if (request.action === 'remove') return await remove(request, offboardPorts, signal);
      const turn = request.action === 'suspend' ? suspend : resume;
      return await turn(request.tenantId, offboardPorts);
    },
  };
}
