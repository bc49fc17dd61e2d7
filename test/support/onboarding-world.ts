/** The control plane as onboarding asks it, in memory. acme's key is as it should be, and its events were heard. */
import type { Judged } from '../../shared/onboarding/add.ts';
import type { Finding } from '../../shared/onboarding/finding.ts';
import { onboard, type OnboardAnswer, type OnboardPorts } from '../../shared/onboarding/onboard.ts';
import { ourselvesOf } from '../../shared/handover/input.ts';
import { parseOnboardRequest } from '../../shared/onboarding/request.ts';
import { effects } from './effects.ts';
import {
  type MemoryBranchKeys,
  memoryBranchKeys,
  type MemoryHearings,
  memoryHearings,
} from './memory-control-plane.ts';
import { type MemoryKms, memoryKms, messageGrants } from './memory-kms.ts';
import { memoryParking } from './memory-parking.ts';
import { type MemoryTenants, memoryTenants } from './memory-tenants.ts';
import { ISV } from './onboarding-inputs.ts';
import { ACME } from './tenants.ts';

export const KEK_ARN: string = ACME.kekArn;
/** Another key of acme. */
export const OTHER: string = KEK_ARN.replace('9d3ab1c2', '00000000');
/** A multi-Region key of acme, and two replicas of it. */
export const MRK: string = KEK_ARN.replace(/key\/.*$/u, 'key/mrk-1234');
export const REPLICA: string = MRK.replace('us-east-1', 'eu-west-1');
export const FAR: string = MRK.replace('us-east-1', 'ap-south-1');
export const NOW: Date = new Date('2026-03-01T12:00:00.000Z');

export interface OnboardingWorld {
  readonly tenants: MemoryTenants;
  readonly kms: MemoryKms;
  readonly hearings: MemoryHearings;
  readonly branchKeys: MemoryBranchKeys;
  ports: OnboardPorts;
  /** Answers any request. */
  answer(request: object): Promise<OnboardAnswer>;
  /** Answers a request about acme that has findings. */
  ask(request: object): Promise<Judged>;
  /** Adds acme with its key, unless the settings say otherwise. */
  add(settings?: object): Promise<Judged>;
  /** Changes the key or the settings of acme. */
  change(settings: object): Promise<Judged>;
}

export function onboardingWorld(): OnboardingWorld {
  const tenants = memoryTenants();
  const kms = memoryKms(messageGrants('acme'));
  const hearings = memoryHearings();
  const branchKeys = memoryBranchKeys();
  hearings.heard.set(KEK_ARN, NOW.toISOString());
  const world: OnboardingWorld = {
    tenants,
    kms,
    hearings,
    branchKeys,
    ports: {
      tenants,
      kms,
      hearings,
      branchKeys,
      ourselves: ourselvesOf(ISV),
      parking: memoryParking(effects()),
      stage: 'prod',
      propagationSeconds: 300,
      now: () => NOW,
    },
    answer: async (request) => await onboard(parseOnboardRequest(request), world.ports),
    async ask(request) {
      const answer = await world.answer({ tenantId: 'acme', ...request });
      if (!('findings' in answer)) throw new Error('no findings');
      return answer;
    },
    add: async (settings = {}) => await world.ask({ action: 'add', kekArn: KEK_ARN, ...settings }),
    change: async (settings) => await world.ask({ action: 'change-key', ...settings }),
  };
  return world;
}

/** The findings that are not ok. */
export function faultsOf({ findings }: Judged): readonly Finding[] {
  return findings.filter(({ ok }) => !ok);
}
