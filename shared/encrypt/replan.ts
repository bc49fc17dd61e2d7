/**
 * Plans an object anew: the next generation of its plan, for which nothing is written yet. No object is ever under two
 * KEKs (FORMAT rule 14), so the chunks of an earlier generation are written over one by one.
 */
import { isKeyRefusal, PlanChangedError, type SealstreamError } from '../errors.ts';
import type { Plan } from '../object/plan.ts';
import type { Sources } from '../ports/sources.ts';
import type { State } from '../ports/state.ts';
import { currentKekArns, keksOf, type Tenant } from '../tenant/tenant.ts';

export interface ReplanPorts {
  readonly state: Pick<State, 'replan'>;
  readonly sources: Pick<Sources, 'describe'>;
}

/**
 * Returns the plan that work may be done for. Precondition: the vault does not prove that the object is sealed. The
 * object is planned anew if its plan says that it is sealed, or if its KEK is none of the tenant's, as when a wrong KEK
 * was registered and put right.
 * @throws SourceChangedError when the plan says that the object is sealed, and the source is gone
 * @throws PlanChangedError when somebody else planned the object anew meanwhile
 */
export async function replanIfNeeded(plan: Plan, tenant: Tenant, ports: ReplanPorts): Promise<Plan> {
  const isKekOfTenant = keksOf(tenant).some(({ kekArn }) => kekArn === plan.kekArn);
  if (plan.sealedAt === undefined && isKekOfTenant) return plan;
  if (plan.sealedAt !== undefined) await ports.sources.describe(plan.source);
  return await replan(plan, isKekOfTenant ? plan.kekArn : tenant.kekArn, ports);
}

/**
 * True when KMS refused a KEK that the tenant has replaced, or a replica of it: then the current KEK takes over what is
 * not sealed yet.
 */
export function isRefusalOfRetiredKek(error: unknown, plan: Plan, tenant: Tenant): error is SealstreamError {
  if (!isKeyRefusal(error) || plan.kekArn === tenant.kekArn) return false;
  return !currentKekArns(tenant).includes(error.kekArn ?? plan.kekArn);
}

/** @throws PlanChangedError when somebody else changed the plan meanwhile */
export async function replan(plan: Plan, kekArn: string, { state }: ReplanPorts): Promise<Plan> {
  const next = await state.replan(plan, kekArn);
  if (next !== undefined) return next;
  throw new PlanChangedError(`object ${plan.objectId} was changed by somebody else meanwhile`);
}
