/**
 * The schemas of requests. A request is parsed when it arrives, so that AWS's constraints are checked before
 * anything is looked up.
 */
import * as z from 'zod';
import { kmsError } from './errors.ts';
import type { Input } from './operation.ts';

export const KEY_ID: z.ZodString = z.string().min(1).max(2048);
export const GRANT_TOKENS: z.ZodOptional<z.ZodArray<z.ZodString>> = z
  .array(z.string().min(1).max(8192))
  .max(10)
  .optional();
export const ENCRYPTION_CONTEXT: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodString>> = z
  .record(z.string(), z.string())
  .default({});
export const DRY_RUN: z.ZodOptional<z.ZodBoolean> = z.boolean().optional();
/** The schema of a policy, which is at most 32 KiB. */
export const POLICY: z.ZodString = z.string().min(1).max(32_768);

export const DRY_RUN_MODIFIERS: z.ZodOptional<z.ZodArray<z.ZodLiteral<'IGNORE_CIPHERTEXT'>>> = z
  .array(z.literal('IGNORE_CIPHERTEXT'))
  .optional();

/** Returns the schema of a blob of the given sizes in bytes, which is base64 in JSON. */
export function blob(minBytes: number, maxBytes: number): z.ZodType<Buffer, string> {
  return z
    .base64()
    .transform((text) => Buffer.from(text, 'base64'))
    .refine((bytes) => bytes.length >= minBytes && bytes.length <= maxBytes, {
      message: `Member must have length between ${minBytes} and ${maxBytes}`,
    });
}

/** The schema of a ciphertext blob. A dry run may have none. */
export const CIPHERTEXT: z.ZodOptional<z.ZodType<Buffer, string>> = blob(1, 6144).optional();

/**
 * Parses a request.
 * @throws ValidationException, or SerializationException for a member with the wrong JSON type
 */
export function parseInput<T>(schema: z.ZodType<T>, input: Input): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const member = issue?.path.join('.') ?? '';
  if (issue?.code === 'invalid_type' && valueAt(input, issue.path) !== undefined)
    throw kmsError('SerializationException', `Unexpected type of member ${member}`);
  throw kmsError(
    'ValidationException',
    `1 validation error detected: Value at '${lowerFirst(member)}' failed to satisfy constraint: ${issue?.message ?? ''}`,
  );
}

export function lowerFirst(name: string): string {
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, name) => (typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined),
    input,
  );
}
