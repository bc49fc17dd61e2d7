/** The requests that the function `onboard` takes, about tenants that are onboarded or stay. */
import * as z from 'zod';
import { EventInvalidError } from '../errors.ts';
import { KEY_MODES, type Tenant } from '../tenant/tenant.ts';
import { type TenantId, tenantIdSchema } from '../tenant/tenant-id.ts';

/** The members of a tenant's record that the tenant chooses. We decide the others. */
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
  /** True when warnings keep the tenant from becoming active. Default false. */
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
  /** The settings to change; the others stay. A new KEK has no replicas unless the request names some. */
  readonly settings: { readonly [Name in keyof Settings]?: Settings[Name] | undefined };
  readonly strict: boolean;
}

export interface ListRequest {
  readonly action: 'list';
  /** The answer has only the tenants whose id sorts after this one. */
  readonly after?: TenantId | undefined;
  /** The number of tenants in one answer, 1 to 1,000. Default 100. */
  readonly limit: number;
}

// A malformed ARN is a finding, not a malformed request.
const arn = z.string().min(1).max(2048);
const keyMode = z.enum(KEY_MODES);
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
  .transform(withSettings);

const changeSchema = z
  .strictObject({
    action: z.literal('change-key'),
    tenantId,
    ...z.strictObject(settings).partial().shape,
    strict,
  })
  .transform(withSettings);

/** Gathers the members that the tenant chooses in `settings`. */
function withSettings<Action, Named>({
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
