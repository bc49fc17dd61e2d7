/**
 * The input from which the files of one tenant are rendered. Every value is checked here against a set of characters
 * that have no meaning to a shell, to HCL or to JSON, so the code that renders does not escape anything.
 */
import * as z from 'zod';
import { EventInvalidError } from '../errors.ts';
import { tenantIdSchema, type TenantId } from '../tenant/tenant-id.ts';
import { KEY_MODES, type KeyMode } from '../tenant/tenant.ts';

export interface OnboardingInput {
  readonly tenantId: string;
  readonly tenantAccountId: string;
  /**
   * `aws`, `aws-cn`, `aws-eusc`, …: any partition that AWS has or will have. Default: the partition of our event bus.
   */
  readonly partition?: string | undefined;
  /** The region of the KEK. */
  readonly keyRegion: string;
  /** The key modes that the key policy grants: one, or more for a tenant that moves between modes. */
  readonly keyModes: readonly KeyMode[];
  /** The name of our deployment. Only people read it. */
  readonly stage: string;
  readonly isv: {
    readonly accountId: string;
    readonly region: string;
    readonly encryptRoleArn: string;
    readonly restoreRoleArn: string;
    readonly controlRoleArn: string;
    readonly eventBusArn: string;
  };
  /** An existing key of the tenant, to use instead of a new one. */
  readonly existingKeyArn?: string | undefined;
  /** The regions in which the key, a multi-Region key, has a replica. Default none. */
  readonly replicaRegions?: readonly string[];
}

/** The input after the checks, with its defaults. */
export interface Onboarding extends OnboardingInput {
  readonly tenantId: TenantId;
  readonly partition: string;
  readonly replicaRegions: readonly string[];
}

/** Our side of every onboarding: the roles that tenants grant to, and the bus that the events of their keys go to. */
export type Ourselves = Pick<Onboarding, 'partition' | 'isv'>;

/** Reads partition, account and region from the ARNs. */
export function ourselvesOf(arns: Omit<Onboarding['isv'], 'accountId' | 'region'>): Ourselves {
  const [, partition = '', , region = '', accountId = ''] = arns.eventBusArn.split(':');
  return { partition, isv: { accountId, region, ...arns } };
}

/** @throws EventInvalidError that names every malformed value and every contradiction */
export function parseOnboarding(input: OnboardingInput): Onboarding {
  const parsed = schema.safeParse(input);
  if (!parsed.success)
    throw invalid(parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`));
  const faults = contradictions(parsed.data);
  if (faults.length > 0) throw invalid(faults);
  return parsed.data;
}

const accountId = z.string().regex(/^\d{12}$/u, 'is not an account id of 12 digits');
const region = z.string().regex(/^[a-z]{2,}(?:-[a-z]+)+-\d{1,2}$/u, 'is not a region');
const roleArn = z
  .string()
  .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/u, 'is not the ARN of a role');
const busArn = z
  .string()
  .regex(
    /^arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:event-bus\/[\w.-]{1,256}$/u,
    'is not the ARN of an event bus',
  );
const keyArn = z
  .string()
  .regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]{1,64}$/u, 'is not the ARN of a KMS key');

const inputSchema = z.strictObject({
  tenantId: tenantIdSchema,
  tenantAccountId: accountId,
  partition: z
    .string()
    .regex(/^aws[a-z-]{0,32}$/u, 'is not a partition')
    .optional(),
  keyRegion: region,
  keyModes: z.array(z.enum(KEY_MODES)).min(1),
  stage: z.string().regex(/^[A-Za-z0-9-]{1,32}$/u, 'is not the name of a stage'),
  isv: z.strictObject({
    accountId,
    region,
    encryptRoleArn: roleArn,
    restoreRoleArn: roleArn,
    controlRoleArn: roleArn,
    eventBusArn: busArn,
  }),
  existingKeyArn: keyArn.optional(),
  replicaRegions: z.array(region).default([]),
});

const schema: z.ZodType<Onboarding> = inputSchema.transform((input) => ({
  ...input,
  partition: input.partition ?? input.isv.eventBusArn.split(':')[1] ?? '',
}));

function contradictions(onboarding: Onboarding): readonly string[] {
  const { partition, isv, keyRegion, existingKeyArn, replicaRegions } = onboarding;
  const roles = `arn:${partition}:iam::${isv.accountId}:`;
  const bus = `arn:${partition}:events:${isv.region}:${isv.accountId}:`;
  const key = `arn:${partition}:kms:${keyRegion}:${onboarding.tenantAccountId}:key/`;
  const regions = [keyRegion, ...replicaRegions];
  return [
    ...[isv.encryptRoleArn, isv.restoreRoleArn, isv.controlRoleArn]
      .filter((arn) => !arn.startsWith(roles))
      .map((arn) => `${arn} is not in ${roles}`),
    ...(isv.eventBusArn.startsWith(bus) ? [] : [`${isv.eventBusArn} is not in ${bus}`]),
    ...(existingKeyArn?.startsWith(key) === false ? [`${existingKeyArn} is not in ${key}`] : []),
    ...(new Set(regions).size < regions.length ? ['a region is named twice'] : []),
    ...(replicaRegions.length > 0 && existingKeyArn?.startsWith(`${key}mrk-`) === false
      ? [`${existingKeyArn} is no multi-Region key: it has no replicas`]
      : []),
  ];
}

function invalid(faults: readonly string[]): EventInvalidError {
  return new EventInvalidError(`the onboarding input is not usable: ${faults.join('; ')}`);
}
