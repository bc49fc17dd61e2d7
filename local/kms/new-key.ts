/** The common part of the requests that make a key, CreateKey and ReplicateKey. */
import * as z from 'zod';
import { POLICY } from './input.ts';
import { type Tag, TAG_LIST } from './tags.ts';

interface NewKeyMembers {
  readonly Policy: z.ZodOptional<z.ZodString>;
  readonly BypassPolicyLockoutSafetyCheck: z.ZodOptional<z.ZodBoolean>;
  readonly Description: z.ZodDefault<z.ZodString>;
  readonly Tags: z.ZodDefault<z.ZodType<Tag[]>>;
}

export const NEW_KEY: NewKeyMembers = {
  Policy: POLICY.optional(),
  BypassPolicyLockoutSafetyCheck: z.boolean().optional(),
  Description: z.string().max(8192).default(''),
  Tags: TAG_LIST.default([]),
};
