/** A task whose outcome is known, and the judge of its answer. */
import { createHash } from 'node:crypto';
import type { Answer, Task } from './tasks.ts';

export interface Trial {
  readonly task: Task;
  /** The SHA-256 of the right plaintext, in hex. Absent when the task must be refused. */
  readonly sha256?: string | undefined;
}

/** Returns what is wrong with the answer; undefined when it is right. */
export function faultOf({ sha256 }: Trial, answer: Answer | undefined): string | undefined {
  if (answer === undefined) return 'no answer';
  if (sha256 === undefined) return answer.refused === undefined ? 'opened, and must be refused' : undefined;
  if (answer.refused !== undefined) return `refused: ${answer.refused}`;
  return answer.sha256 === sha256 ? undefined : 'another plaintext';
}

export function sha256Of(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
