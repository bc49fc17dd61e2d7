/**
 * When an object is planned anew: the next generation of its plan, of which nothing is written yet. No object is ever
 * under two KEKs (FORMAT rule 14), so what an earlier generation wrote is written over, chunk by chunk.
 */
import { isKeyRefusal, PlanChangedError, type SealstreamError } from '../errors.ts';
import type { Sources } from '../ports/sources.ts';
import type { State } from '../ports/state.ts';
import { currentKekArns, keksOf, type Tenant } from '../tenant/tenant.ts';
import type { Plan } from '../object/plan.ts';

export interface ReplanPorts {
  readonly state: Pick<State, 'replan'>;
  readonly sources: Pick<Sources, 'describe'>;
}

/**
 * The plan that work may be done for: another generation if this one is said to be sealed and the vault knows nothing
 * of it, or is under a key that is none of the tenant's, like one that was registered by mistake and put right.
 * @throws SourceChangedError when it is said to be sealed, is not, and its source is gone
 * @throws PlanChangedError when somebody else planned it anew meanwhile
 */
export async function workable(plan: Plan, tenant: Tenant, ports: ReplanPorts): Promise<Plan> {
  const kekArn = keksOf(tenant).some(({ kekArn: own }) => own === plan.kekArn) ? plan.kekArn : tenant.kekArn;
  if (plan.sealedAt === undefined && kekArn === plan.kekArn) return plan;
  if (plan.sealedAt !== undefined) await ports.sources.describe(plan.source);
  return await replanned(plan, kekArn, ports);
}

/** Whether KMS refused a key that the tenant has replaced, or a replica of it: the current key takes over what is not sealed yet. */
export function isRefusedRetired(error: unknown, plan: Plan, tenant: Tenant): error is SealstreamError {
  if (!isKeyRefusal(error) || plan.kekArn === tenant.kekArn) return false;
  return !currentKekArns(tenant).includes(error.kekArn ?? plan.kekArn);
}

/** @throws PlanChangedError when somebody else planned it anew meanwhile */
export async function replanned(plan: Plan, kekArn: string, { state }: ReplanPorts): Promise<Plan> {
  const next = await state.replan(plan, kekArn);
  if (next !== undefined) return next;
  throw new PlanChangedError(`object ${plan.objectId} was changed by somebody else meanwhile`);
}
