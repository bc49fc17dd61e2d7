/**
 * The state machine of a tenant: what each status allows, and which changes lead from one status to another. Every
 * other file asks this one, and decides nothing by the name of a status.
 */
import { EventInvalidError } from '../errors.ts';
import type { TenantSignal } from './key-signal.ts';
import type { Tenant, TenantStatus } from './tenant.ts';

/** The things that a status allows. */
export interface StatusRules {
  /** True when new objects are planned. */
  readonly takesUploads: boolean;
  /** True when what is planned is encrypted: the tenant's key is in use. */
  readonly encrypts: boolean;
  readonly restores: boolean;
  /** True when the control plane makes new branch keys and ciphertexts for probes. */
  readonly rotates: boolean;
  /** True when the watch probes the key. */
  readonly isProbed: boolean;
  /** The tenant's hold on its key. `claimed`: named, not proven to be its own. `held`: proven. `left`: used no more. */
  readonly key: 'claimed' | 'held' | 'left';
}

const [yes, no] = [true, false];

const RULES: Readonly<Record<TenantStatus, StatusRules>> = {
  pending: { takesUploads: yes, encrypts: no, restores: no, rotates: no, isProbed: no, key: 'claimed' },
  active: { takesUploads: yes, encrypts: yes, restores: yes, rotates: yes, isProbed: yes, key: 'held' },
  revoked: { takesUploads: yes, encrypts: no, restores: no, rotates: no, isProbed: yes, key: 'held' },
  suspended: { takesUploads: yes, encrypts: no, restores: no, rotates: no, isProbed: no, key: 'held' },
  offboarding: { takesUploads: no, encrypts: yes, restores: no, rotates: no, isProbed: yes, key: 'held' },
  offboarded: { takesUploads: no, encrypts: no, restores: no, rotates: no, isProbed: no, key: 'left' },
};

export function rulesOf({ status }: Pick<Tenant, 'status'>): StatusRules {
  return RULES[status];
}

/**
 * A change of a tenant's state.
 * - `register`: a tenant whose key is not proven yet is added once more, with what it is told then.
 * - `activate`: its keys are proven.
 * - `change-kek`, `change-settings`: it gets another KEK, or other settings for the one it has.
 * - `question`: a key may have been taken away, so what is cached of it is dropped.
 * - `revoke`: a key was taken away. What a tenant on its way out has not sealed by then stays parked.
 * - `reactivate`: all of its keys work again.
 * - `suspend`, `resume`: an operator stops it, and lets it go on.
 * - `offboard`: its intake is closed. A tenant whose key is not in use is out at once.
 * - `drain`: its keys work, so what is planned is sealed after all.
 * - `drop-keys`: nothing more is sealed.
 */
export type Transition =
  | 'register'
  | 'activate'
  | 'change-kek'
  | 'change-settings'
  | 'question'
  | 'revoke'
  | 'reactivate'
  | 'suspend'
  | 'resume'
  | 'offboard'
  | 'drain'
  | 'drop-keys';

/** The statuses that a transition may begin in, each with the one it leads to. */
type Arrows = Readonly<Partial<Record<TenantStatus, TenantStatus>>>;

const TRANSITIONS: Readonly<Record<Transition, Arrows>> = {
  register: { pending: 'pending' },
  activate: { pending: 'active' },
  'change-kek': { active: 'active', revoked: 'active' },
  'change-settings': { active: 'active' },
  question: { active: 'active', offboarding: 'offboarding' },
  revoke: { active: 'revoked', offboarding: 'offboarded' },
  reactivate: { revoked: 'active' },
  suspend: { active: 'suspended', revoked: 'suspended' },
  resume: { suspended: 'active' },
  offboard: { pending: 'offboarded', active: 'offboarding', revoked: 'offboarded', suspended: 'offboarded' },
  drain: { offboarded: 'offboarding' },
  'drop-keys': { offboarding: 'offboarded' },
};

/** True when the tenant's status allows the transition. */
export function mayTurn({ status }: Pick<Tenant, 'status'>, transition: Transition): boolean {
  return TRANSITIONS[transition][status] !== undefined;
}

/** True when the tenant is already where the transition leads. */
export function hasTurned({ status }: Pick<Tenant, 'status'>, transition: Transition): boolean {
  return Object.values(TRANSITIONS[transition]).includes(status);
}

/**
 * Makes the tenant that the transition leads to. Each transition counts the epoch up, which drops every cached key.
 * @throws EventInvalidError when the tenant's status does not allow it
 */
export function turned(tenant: Tenant, transition: Transition, keySignal: TenantSignal): Tenant {
  const status = requireTransition(tenant, transition);
  return { ...tenant, status, epoch: tenant.epoch + 1, signal: keySignal };
}

/**
 * Returns the status that the transition leads to.
 * @throws EventInvalidError when the tenant's status does not allow it
 */
export function requireTransition({ tenantId, status }: Tenant, transition: Transition): TenantStatus {
  const arrows = TRANSITIONS[transition];
  const next = arrows[status];
  if (next !== undefined) return next;
  throw new EventInvalidError(`tenant ${tenantId} is ${status}, not ${Object.keys(arrows).join(' or ')}`);
}
