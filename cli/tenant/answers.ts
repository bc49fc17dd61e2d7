/** Parses the answers of the functions. People read them as text, programs as JSON (`--json`). */
import * as z from 'zod';
import type { Removed } from '../../shared/offboarding/remove.ts';
import { removalSchema } from '../../shared/tenant/removal.ts';
import type { Finding } from '../../shared/onboarding/finding.ts';
import type { Rendered } from '../../shared/onboarding/onboard.ts';
import type { Rotated } from '../../shared/onboarding/rotate.ts';
import type { Listed, Shown } from '../../shared/onboarding/show.ts';
import { tenantSchema } from '../../shared/tenant/tenant.ts';
import { type TenantId, tenantIdSchema } from '../../shared/tenant/tenant-id.ts';

/** One finding. A check or statement that this version does not know is printed all the same. */
export interface FoundAnswer extends Pick<Finding, 'ok' | 'severity' | 'message' | 'fix'> {
  readonly check: string;
  readonly statement?: { readonly Sid: string } | undefined;
}

export interface JudgedAnswer {
  readonly tenantId: TenantId;
  readonly status: string;
  readonly findings: readonly FoundAnswer[];
}

export interface StatusAnswer {
  readonly tenantId: TenantId;
  readonly status: string;
}

const tenantId = tenantIdSchema;

export const judgedSchema: z.ZodType<JudgedAnswer> = z.object({
  tenantId,
  status: z.string(),
  findings: z.array(
    z.object({
      check: z.string(),
      ok: z.boolean(),
      severity: z.enum(['error', 'warning']),
      message: z.string(),
      fix: z.string().optional(),
      statement: z.looseObject({ Sid: z.string() }).optional(),
    }),
  ),
});

export const shownSchema: z.ZodType<Shown> = z.object({
  tenant: tenantSchema,
  parkedJobs: z.int(),
  heardAt: z.record(z.string(), z.string().nullable()),
});

export const listedSchema: z.ZodType<Listed> = z.object({
  tenants: z.array(tenantSchema),
  after: tenantIdSchema.optional(),
  invalid: z.string().optional(),
});

export const renderedSchema: z.ZodType<Rendered> = z.object({
  tenantId,
  // The files are written into a folder, and a name must not lead out of it.
  files: z.array(z.object({ name: z.string().regex(/^\w[\w.-]*$/u), text: z.string() })),
});

export const statusSchema: z.ZodType<StatusAnswer> = z.object({ tenantId, status: z.string() });

export const rotatedSchema: z.ZodType<Rotated> = z.object({ tenantId, branchKeyId: z.string() });

export const removedSchema: z.ZodType<Removed> = z.object({
  done: z.boolean(),
  removal: removalSchema,
  waiting: z.int().optional(),
  blocked: z.string().optional(),
  forgotten: z.boolean().optional(),
});
