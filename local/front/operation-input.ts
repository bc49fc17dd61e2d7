/**
 * Reads an operation's input against its schema. AWS would act upon a member that the schema does not know and the
 * local AWS would not, so such a member is refused rather than ignored.
 */
import type * as z from 'zod';
import { AwsError } from './service.ts';

/**
 * Returns the input that the schema makes of it.
 * @throws NotImplemented (501) for unknown members, otherwise the error that `invalid` makes of the first problem
 */
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

/** Returns the answer to everything that AWS does and the local AWS does not. */
export function notImplemented(message: string): AwsError {
  return new AwsError('NotImplemented', 501, message);
}
