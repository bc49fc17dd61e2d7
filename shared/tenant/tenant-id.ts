/** The id of a tenant. It is the first segment of every key, and a value of every encryption context. */
import * as z from 'zod';

/** 1 to 63 of `a-z`, `0-9` and `-`, not starting or ending with `-`. */
export type TenantId = string & z.core.$brand<'TenantId'>;

export const tenantIdSchema: z.core.$ZodBranded<z.ZodString, 'TenantId'> = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u, 'is not a tenant id: 1 to 63 of a-z, 0-9 and -')
  .brand<'TenantId'>();
