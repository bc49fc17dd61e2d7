/** Wires the function `rotate-branch-key`, which makes new versions of branch keys. */
import { parseRotation, rotateBranchKey, type Rotated } from '../onboarding/rotate.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { branchKeyMaker, type BranchKeyPorts } from './branch-key-maker.ts';
import type { RequestFunction } from './function-kinds.ts';
import type { Ports } from './ports.ts';

export type RotateFunctionPorts = BranchKeyPorts & Pick<Ports, 'tenants'>;

export function rotateFunction(ports: RotateFunctionPorts): RequestFunction<TenantId, Rotated> {
  const rotatePorts = { tenants: ports.tenants, branchKeys: branchKeyMaker(ports) };
  return {
    parse: parseRotation,
    answer: async (tenantId) => await rotateBranchKey(tenantId, rotatePorts),
  };
}
