/** Wires the function `onboard`, for tenants that come or stay. */
import { onboard, type OnboardAnswer, type OnboardPorts } from '../onboarding/onboard.ts';
import { ourselvesOf } from '../handover/input.ts';
import { type OnboardRequest, parseOnboardRequest } from '../onboarding/request.ts';
import { branchKeyMaker, type BranchKeyPorts } from './branch-key-maker.ts';
import type { RequestFunction } from './function-kinds.ts';
import type { Ports } from './ports.ts';

export type OnboardFunctionPorts = BranchKeyPorts &
  Pick<Ports, 'tenants' | 'parking' | 'hearings' | 'controlPlaneKms' | 'now'>;

export interface OnboardSettings extends Pick<OnboardPorts, 'stage' | 'propagationSeconds'> {
  /** The ARNs that tenants grant to, and that their events go to. */
  readonly arns: Parameters<typeof ourselvesOf>[0];
}

export function onboardFunction(
  ports: OnboardFunctionPorts,
  { arns, ...settings }: OnboardSettings,
): RequestFunction<OnboardRequest, OnboardAnswer> {
  const onboardPorts = {
    ...ports,
    kms: ports.controlPlaneKms,
    branchKeys: branchKeyMaker(ports),
    ...settings,
    ourselves: ourselvesOf(arns),
  };
  return {
    parse: parseOnboardRequest,
    answer: async (request) => await onboard(request, onboardPorts),
  };
}
