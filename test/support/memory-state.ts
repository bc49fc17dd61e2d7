/** The state table and the chunk queue in memory. Rows are judged when they are read, because tests edit them. */
import { inBatches } from '../../shared/aws/batches.ts';
import { JOBS_PER_REQUEST } from '../../shared/aws/sqs-queues.ts';
import type { Job } from '../../shared/object/job.ts';
import type { ObjectId } from '../../shared/object/object-id.ts';
import { type Plan, planOfRow, type Receipt } from '../../shared/object/plan.ts';
import type { JobQueue } from '../../shared/ports/queues.ts';
import type { Rejection, State } from '../../shared/ports/state.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { type EditedRecords, recordIn } from './edited-records.ts';
import type { Effects } from './effects.ts';

export interface MemoryState extends State {
  readonly tenants: Map<string, Tenant>;
  readonly plans: Map<string, Plan>;
  /** Returns the receipts of this generation of a plan, by chunk index. */
  receiptsOf(plan: Pick<Plan, 'objectId' | 'generation'>): Map<number, Receipt>;
  /** The rejections by the time when their message was sent, and their id. */
  readonly rejections: Map<string, Rejection>;
}

export interface MemoryJobs extends JobQueue {
  /** The jobs of each request. */
  readonly requests: (readonly Job[])[];
}

export function memoryState({ run }: Effects, edited: EditedRecords = new Map()): MemoryState {
  const tenants = new Map<string, Tenant>();
  const plans = new Map<string, Plan>();
  const receipts = new Map<string, Map<number, Receipt>>();
  const rejections = new Map<string, Rejection>();

  function planIn(objectId: ObjectId): Plan | undefined {
    const row = plans.get(objectId);
    return row && planOfRow(row, objectId);
  }
  /** Nothing happens to another generation. */
  function update({ objectId, generation }: Plan, change: (stored: Plan) => Partial<Plan>): Plan | undefined {
    const stored = plans.get(objectId);
    if (stored?.generation !== generation) return undefined;
    plans.set(objectId, { ...stored, ...change(stored) });
    return planIn(objectId);
  }
  function receiptsOf({ objectId, generation }: Pick<Plan, 'objectId' | 'generation'>): Map<number, Receipt> {
    const name = `${objectId}#${generation}`;
    const received = receipts.get(name) ?? new Map<number, Receipt>();
    receipts.set(name, received);
    return received;
  }

  return {
    tenants,
    plans,
    receiptsOf,
    rejections,
    tenant: async (id) => await run('state.tenant', () => recordIn(tenants, edited, id)),
    tenantAndPlan: async (id, objectId) =>
      await run('state.tenantAndPlan', () => {
        const [tenant, plan] = [recordIn(tenants, edited, id), planIn(objectId)];
        return { ...(tenant === undefined ? {} : { tenant }), ...(plan === undefined ? {} : { plan }) };
      }),
    createPlan: async (plan) =>
      await run('state.createPlan', () => {
        const first = planIn(plan.objectId) ?? plan;
        plans.set(plan.objectId, first);
        return first;
      }),
    advancePlan: async (plan, jobsSent) =>
      await run('state.advancePlan', () => {
        update(plan, () => ({ jobsSent }));
      }),
    replan: async (plan, kekArn) =>
      await run('state.replan', () => {
        const { kekArn: stored, sealedAt } = plans.get(plan.objectId) ?? {};
        if (stored !== plan.kekArn || sealedAt !== plan.sealedAt) return undefined;
        const anew = { sealedAt: undefined, manifestDigests: undefined };
        return update(plan, ({ generation }) => ({ ...anew, kekArn, generation: generation + 1 }));
      }),
    receipt: async (plan, chunkIndex) =>
      await run('state.receipt', () =>
        plan.chunkCount === 1 ? undefined : receiptsOf(plan).get(chunkIndex),
      ),
    async *allReceipts(plan) {
      const received = await run('state.allReceipts', () => receiptsOf(plan));
      for (let index = 0; index < plan.chunkCount; index += 1) yield received.get(index);
    },
    addReceipt: async (plan, { chunkIndex, receipt, replaced }) =>
      await run('state.addReceipt', () => {
        if (plan.chunkCount === 1) return 'complete';
        const received = receiptsOf(plan);
        if (textOf(received.get(chunkIndex)) !== textOf(replaced)) return 'lost';
        return received.set(chunkIndex, receipt).size === plan.chunkCount ? 'complete' : 'added';
      }),
    dropReceipt: async (plan, chunkIndex, receipt) =>
      await run('state.dropReceipt', () => {
        if (textOf(receiptsOf(plan).get(chunkIndex)) === textOf(receipt)) receiptsOf(plan).delete(chunkIndex);
      }),
    noteManifest: async (plan, digest) =>
      await run('state.noteManifest', () => {
        const noted = update(plan, ({ manifestDigests = [] }) => ({
          manifestDigests: new Set([...manifestDigests, digest]),
        }));
        return noted !== undefined;
      }),
    markSealed: async (plan, sealedAt) =>
      await run(
        'state.markSealed',
        () => update(plan, (stored) => ({ sealedAt: stored.sealedAt ?? sealedAt })) !== undefined,
      ),
    markUnreadable: async (plan, unreadable) =>
      await run('state.markUnreadable', () => {
        const marked = update(plan, (stored) => ({ unreadable: stored.unreadable ?? unreadable }));
        return marked?.unreadable ?? unreadable;
      }),
    recordRejection: async (rejection) =>
      await run('state.recordRejection', () => {
        const name = `${rejection.sentAt} ${rejection.id}`;
        if (!rejections.has(name)) rejections.set(name, rejection);
      }),
  };
}

function textOf(receipt: Receipt | undefined): string {
  return JSON.stringify([receipt?.etag, receipt?.checksum]);
}

export function memoryJobs({ run }: Effects): MemoryJobs {
  const requests: (readonly Job[])[] = [];
  return {
    requests,
    async send(jobs, requestsAtOnce = 16) {
      await inBatches(jobs, { items: JOBS_PER_REQUEST, requestsAtOnce }, async (batch) => {
        await run('jobs.send', () => void requests.push(batch));
      });
    },
  };
}
