/**
 * Reads an operation's input against its schema. A member the schema does not know is something AWS would act upon and
 * the local AWS would not, so it is refused rather than ignored.
 */
import type * as z from 'zod';
import { AwsError } from './service.ts';

/** Throws NotImplemented (501) for unknown members, otherwise what `invalid` makes of the first problem. */
export function readInput<T>(
  schema: z.ZodType<T>,
  input: unknown,
  invalid: (message: string) => AwsError,
): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const unknown = result.error.issues.find((issue) => issue.code === 'unrecognized_keys');
  if (unknown !== undefined) throw notImplemented(`Unsupported member: ${unknown.keys.join(', ')}`);
  const [issue] = result.error.issues;
  throw invalid(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`);
}

/** The answer to everything AWS does and the local AWS does not. */
export function notImplemented(message: string): AwsError {
  return new AwsError('NotImplemented', 501, message);
}
