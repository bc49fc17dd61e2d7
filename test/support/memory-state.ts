/** The state table and the chunk queue in memory. */
import type { Job } from '../../shared/chunk/job.ts';
import type { Plan } from '../../shared/chunk/plan.ts';
import type { JobQueue, Rejection, State } from '../../shared/ports.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import type { Effects } from './effects.ts';

export interface MemoryState extends State {
  readonly tenants: Map<string, Tenant>;
  readonly plans: Map<string, Plan>;
  readonly receipts: Map<string, Set<number>>;
  readonly rejections: Map<string, Rejection>;
}

export interface MemoryJobs extends JobQueue {
  /** Every request's jobs. */
  readonly requests: (readonly Job[])[];
}

export function memoryState({ run }: Effects): MemoryState {
  const tenants = new Map<string, Tenant>();
  const plans = new Map<string, Plan>();
  const receipts = new Map<string, Set<number>>();
  const rejections = new Map<string, Rejection>();

  function update(plan: Plan, change: Partial<Plan>): void {
    const stored = plans.get(plan.objectId);
    if (stored !== undefined) plans.set(plan.objectId, { ...stored, ...change });
  }

  return {
    tenants,
    plans,
    receipts,
    rejections,
    tenant: async (id) => await run('state.tenant', () => tenants.get(id)),
    tenantAndPlan: async (id, objectId) =>
      await run('state.tenantAndPlan', () => {
        const [tenant, plan] = [tenants.get(id), plans.get(objectId)];
        return { ...(tenant === undefined ? {} : { tenant }), ...(plan === undefined ? {} : { plan }) };
      }),
    createPlan: async (plan) =>
      await run('state.createPlan', () => {
        const first = plans.get(plan.objectId) ?? plan;
        plans.set(plan.objectId, first);
        return first;
      }),
    advancePlan: async (plan, jobsSent) =>
      await run('state.advancePlan', () => {
        update(plan, { jobsSent });
      }),
    addReceipt: async (plan, chunkIndex) =>
      await run('state.addReceipt', () => {
        const received = receipts.get(plan.objectId) ?? new Set();
        receipts.set(plan.objectId, received.add(chunkIndex));
        return received.size === plan.chunkCount;
      }),
    markSealed: async (plan, sealedAt) =>
      await run('state.markSealed', () => {
        update(plan, { sealedAt });
      }),
    recordRejection: async (rejection) =>
      await run('state.recordRejection', () => void rejections.set(rejection.id, rejection)),
  };
}

export function memoryJobs({ run }: Effects): MemoryJobs {
  const requests: (readonly Job[])[] = [];
  return {
    requests,
    send: async (jobs) => await run('jobs.send', () => void requests.push([...jobs])),
  };
}
