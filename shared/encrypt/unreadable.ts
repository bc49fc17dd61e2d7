/**
 * An upload that S3 will never let us read as it is. Its plan remembers that: its other jobs fail without asking S3
 * again, all of them under one record, and the watch does not set it going again until somebody removes the member.
 */
import { SourceUnreadableError } from '../errors.ts';
import type { State } from '../ports/state.ts';
import type { Plan, Unreadable } from '../object/plan.ts';

export interface UnreadablePorts {
  readonly state: Pick<State, 'markUnreadable'>;
  readonly now: () => Date;
}

/**
 * Does a job of the plan.
 * @throws SourceUnreadableError with the record that all jobs of the plan share, and what `work` throws
 */
export async function unlessUnreadable<T>(
  plan: Plan,
  { state, now }: UnreadablePorts,
  work: () => Promise<T>,
): Promise<T> {
  if (plan.sealedAt === undefined && plan.unreadable !== undefined) throw recorded(plan, plan.unreadable);
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SourceUnreadableError)) throw error;
    const found = { at: now().toISOString(), reason: error.message };
    throw recorded(plan, await state.markUnreadable(plan, found), error);
  }
}

function recorded(plan: Plan, { at, reason }: Unreadable, cause?: Error): SourceUnreadableError {
  return new SourceUnreadableError(reason, { cause, record: { id: plan.objectId, at } });
}
