/** What the control plane is asked for about tenants that come or stay. */
import * as z from 'zod';
import { EventInvalidError } from '../errors.ts';
import type { Tenant } from '../tenant/tenant.ts';
import { type TenantId, tenantIdSchema } from '../tenant/tenant-id.ts';

/** What a tenant chooses; everything else in its record is ours. */
export type Settings = Pick<
  Tenant,
  'kekArn' | 'replicaArns' | 'keyMode' | 'isolation' | 'maxKeyAgeSeconds' | 'allowedRegions' | 'rotateWithKek'
>;

export interface RenderRequest {
  readonly action: 'render';
  readonly tenantId: TenantId;
  readonly tenantAccountId: string;
  readonly keyRegion: string;
  readonly keyModes: readonly Tenant['keyMode'][];
  readonly existingKeyArn?: string | undefined;
  readonly replicaRegions: readonly string[];
}

export interface AddRequest {
  readonly action: 'add';
  readonly tenantId: TenantId;
  readonly settings: Settings;
  /** Whether warnings keep the tenant from becoming active. Default false. */
  readonly strict: boolean;
}

export type OnboardRequest =
  | RenderRequest
  | AddRequest
  | ChangeRequest
  | { readonly action: 'check'; readonly tenantId: TenantId }
  | { readonly action: 'show'; readonly tenantId: TenantId }
  | ListRequest;

export interface ChangeRequest {
  readonly action: 'change-key';
  readonly tenantId: TenantId;
  /** What is not named stays as it is; a new KEK comes without replicas unless it names some. */
  readonly settings: { readonly [Name in keyof Settings]?: Settings[Name] | undefined };
  readonly strict: boolean;
}

export interface ListRequest {
  readonly action: 'list';
  /** Only tenants whose id sorts after it. */
  readonly after?: TenantId | undefined;
  /** 1 to 1,000. Default 100. */
  readonly limit: number;
}

// Whether an ARN is one is a finding, not a malformed request.
const arn = z.string().min(1).max(2048);
const keyMode = z.enum(['per-chunk', 'cached', 'hierarchical']);
const settings = {
  kekArn: arn,
  replicaArns: z.array(arn).max(30),
  keyMode,
  isolation: z.enum(['pooled', 'dedicated']),
  maxKeyAgeSeconds: z.int().min(0).max(3600),
  allowedRegions: z.array(z.string().min(1)).max(50),
  rotateWithKek: z.boolean(),
};
const tenantId = tenantIdSchema;
const strict = z.boolean().default(false);

const defaults = {
  replicaArns: settings.replicaArns.default([]),
  keyMode: keyMode.default('per-chunk'),
  isolation: settings.isolation.default('pooled'),
  maxKeyAgeSeconds: settings.maxKeyAgeSeconds.default(60),
  allowedRegions: settings.allowedRegions.default([]),
  rotateWithKek: settings.rotateWithKek.default(false),
};

const addSchema = z
  .strictObject({ action: z.literal('add'), tenantId, ...settings, ...defaults, strict })
  .transform(asked);

const changeSchema = z
  .strictObject({
    action: z.literal('change-key'),
    tenantId,
    ...z.strictObject(settings).partial().shape,
    strict,
  })
  .transform(asked);

/** What the tenant chooses, apart from what is asked for. */
function asked<Action, Named>({
  action,
  tenantId: id,
  strict: isStrict,
  ...named
}: Named & { readonly action: Action; readonly tenantId: TenantId; readonly strict: boolean }) {
  return { action, tenantId: id, strict: isStrict, settings: named };
}

const requestSchema: z.ZodType<OnboardRequest> = z.union([
  addSchema,
  changeSchema,
  z.strictObject({ action: z.literal('check'), tenantId }),
  z.strictObject({ action: z.literal('show'), tenantId }),
  z.strictObject({
    action: z.literal('list'),
    after: tenantId.optional(),
    limit: z.int().min(1).max(1000).default(100),
  }),
  z.strictObject({
    action: z.literal('render'),
    tenantId,
    tenantAccountId: z.string(),
    keyRegion: z.string(),
    keyModes: z.array(keyMode).min(1).default(['per-chunk']),
    existingKeyArn: arn.optional(),
    replicaRegions: z.array(z.string()).default([]),
  }),
]);

/** @throws EventInvalidError naming everything that is malformed */
export function parseOnboardRequest(event: unknown): OnboardRequest {
  const parsed = requestSchema.safeParse(event);
  if (parsed.success) return parsed.data;
  throw new EventInvalidError(`not a request to onboard: ${z.prettifyError(parsed.error)}`);
}
