/**
 * Plans in the state table. A plan is written once. Later it is changed only if it still is as it was read, so that no
 * writer of an earlier generation changes it.
 */
import { type Plan, planOfRow } from '../object/plan.ts';
import type { State } from '../ports/state.ts';
import { expiresAt, planItem } from './state-keys.ts';
import type { Update } from './expressions.ts';
import type { Item, Table } from './table.ts';

type Plans = Pick<
  State,
  'createPlan' | 'advancePlan' | 'replan' | 'noteManifest' | 'markSealed' | 'markUnreadable'
>;

/**
 * The time that a sealed plan is kept. It is longer than SQS keeps a message (14 days), so that a redelivered job
 * always finds its plan.
 */
const SEALED_PLAN_SECONDS = 30 * 86_400;

export function dynamoPlans(table: Table): Plans {
  return {
    async createPlan(plan) {
      const first = await table.putFirst({ ...planItem(plan.objectId), ...plan });
      return first === undefined ? plan : planOfRow(first, plan.objectId);
    },
    async advancePlan(plan, jobsSent) {
      await updatePlan(table, plan, { update: 'SET jobsSent = :jobsSent', values: { jobsSent } });
    },
    async replan(plan, kekArn) {
      const row = await updatePlan(table, plan, replanning(plan, kekArn));
      return row && planOfRow(row, plan.objectId);
    },
    async noteManifest(plan, digest) {
      const values = { digests: new Set([digest]) };
      return (
        (await updatePlan(table, plan, { update: 'ADD manifestDigests :digests', values })) !== undefined
      );
    },
    async markSealed(plan, sealedAt) {
      const update = 'SET sealedAt = if_not_exists(sealedAt, :sealedAt), expiresAt = :expires';
      const values = { sealedAt, expires: expiresAt(SEALED_PLAN_SECONDS) };
      return (await updatePlan(table, plan, { update, values })) !== undefined;
    },
    async markUnreadable(plan, unreadable) {
      const update = 'SET unreadable = if_not_exists(unreadable, :unreadable)';
      const row = await updatePlan(table, plan, { update, values: { unreadable } });
      // The plan was made anew meanwhile: the next generation finds out by itself.
      return row === undefined ? unreadable : (planOfRow(row, plan.objectId).unreadable ?? unreadable);
    },
  };
}

function replanning({ kekArn: readKekArn, sealedAt, generation }: Plan, kekArn: string): Update {
  const isAsRead = sealedAt === undefined ? 'attribute_not_exists(sealedAt)' : 'sealedAt = :readSealedAt';
  return {
    update: 'SET generation = :next, kekArn = :kekArn REMOVE sealedAt, manifestDigests, expiresAt',
    condition: `kekArn = :readKekArn AND ${isAsRead}`,
    values: { next: generation + 1, kekArn, readKekArn, readSealedAt: sealedAt },
  };
}

/** Updates the plan of this generation and returns its row; undefined when that or another condition did not hold. */
async function updatePlan(
  table: Table,
  { objectId, generation }: Plan,
  { update, condition, values }: Update,
): Promise<Item | undefined> {
  // The plans of earlier versions have no generation.
  const none = generation === 0 ? 'attribute_not_exists(generation) OR ' : '';
  const more = condition === undefined ? '' : ` AND ${condition}`;
  return await table.updated(planItem(objectId), {
    update,
    condition: `attribute_exists(tenantId) AND (${none}generation = :generation)${more}`,
    values: { ...values, generation },
  });
}
