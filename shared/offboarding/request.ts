/** What the control plane is asked for about tenants that pause or go. */
import * as z from 'zod';
import { EventInvalidError } from '../errors.ts';
import { type TenantId, tenantIdSchema } from '../tenant/tenant-id.ts';

export interface RemoveRequest {
  readonly action: 'remove';
  readonly tenantId: TenantId;
  /** Who answers for it; kept in the summary. */
  readonly signedOffBy: string;
  /** Whether to seal first what is planned. Default true. Otherwise it stays parked. */
  readonly drain: boolean;
  /** Whether to delete everything of the tenant in the vault, and its branch keys with it. Default false. */
  readonly deleteCiphertext: boolean;
  /** Whether to make unreadable for everybody what the branch keys of the tenant wrapped. Default false. */
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
