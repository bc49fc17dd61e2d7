/** The requests that the function `offboard` takes, about tenants that pause or leave. */
import * as z from 'zod';
import { EventInvalidError } from '../errors.ts';
import { type TenantId, tenantIdSchema } from '../tenant/tenant-id.ts';

export interface RemoveRequest {
  readonly action: 'remove';
  readonly tenantId: TenantId;
  /** The person who answers for the removal. The summary keeps the name. */
  readonly signedOffBy: string;
  /** True when what is planned is sealed first. Default true. Otherwise it stays parked. */
  readonly drain: boolean;
  /** True when everything of the tenant in the vault is deleted, and its branch keys too. Default false. */
  readonly deleteCiphertext: boolean;
  /** True when the tenant's branch keys are deleted, so that nobody can read again what they wrapped. Default false. */
  readonly shredBranchKeys: boolean;
}

export type OffboardRequest =
  { readonly action: 'suspend' | 'resume'; readonly tenantId: TenantId } | RemoveRequest;

const requestSchema: z.ZodType<OffboardRequest> = z.union([
  z.strictObject({ action: z.enum(['suspend', 'resume']), tenantId: tenantIdSchema }),
  z.strictObject({
    action: z.literal('remove'),
    tenantId: tenantIdSchema,
    signedOffBy: z.string().min(1).max(256),
    drain: z.boolean().default(true),
    deleteCiphertext: z.boolean().default(false),
    shredBranchKeys: z.boolean().default(false),
  }),
]);

/** @throws EventInvalidError naming everything that is malformed */
export function parseOffboardRequest(event: unknown): OffboardRequest {
  const parsed = requestSchema.safeParse(event);
  if (parsed.success) return parsed.data;
  throw new EventInvalidError(`not a request to offboard: ${z.prettifyError(parsed.error)}`);
}
