/**
 * An upload that S3 will never let us read as it is. Its plan remembers the refusal, so its other jobs fail without
 * asking S3 again, and all of them share one record. The watch does not re-drive the upload until somebody removes
 * `unreadable` from the plan.
 */
import { SourceUnreadableError } from '../errors.ts';
import type { Plan, Unreadable } from '../object/plan.ts';
import type { State } from '../ports/state.ts';

export interface UnreadablePorts {
  readonly state: Pick<State, 'markUnreadable'>;
  readonly now: () => Date;
}

/** @throws SourceUnreadableError when the plan remembers that its source cannot be read */
export function requireReadable(plan: Plan): void {
  if (plan.sealedAt === undefined && plan.unreadable !== undefined)
    throw unreadableError(plan, plan.unreadable);
}

/** Notes the refusal on the plan, and returns the error with the record that all jobs of the plan share. */
export async function noteUnreadable(
  refusal: SourceUnreadableError,
  plan: Plan,
  { state, now }: UnreadablePorts,
): Promise<SourceUnreadableError> {
  const found = { at: now().toISOString(), reason: refusal.message };
  return unreadableError(plan, await state.markUnreadable(plan, found), refusal);
}

function unreadableError(plan: Plan, { at, reason }: Unreadable, cause?: Error): SourceUnreadableError {
  return new SourceUnreadableError(reason, { cause, record: { id: plan.objectId, at } });
}
