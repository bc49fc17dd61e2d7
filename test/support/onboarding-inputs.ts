/** Inputs for the onboarding of acme, one for each way in which the rendered files differ. */
import type { OnboardingInput } from '../../shared/handover/input.ts';

const ISV_ACCOUNT = '999999999999';
export const ACME_ACCOUNT = '111111111111';

export const ISV: OnboardingInput['isv'] = {
  accountId: ISV_ACCOUNT,
  region: 'us-east-1',
  encryptRoleArn: `arn:aws:iam::${ISV_ACCOUNT}:role/sealstream-prod-encrypt`,
  restoreRoleArn: `arn:aws:iam::${ISV_ACCOUNT}:role/sealstream-prod-restore`,
  controlRoleArn: `arn:aws:iam::${ISV_ACCOUNT}:role/sealstream-prod-control`,
  eventBusArn: `arn:aws:events:us-east-1:${ISV_ACCOUNT}:event-bus/sealstream-prod`,
};

export const NEW_KEY: OnboardingInput = {
  tenantId: 'acme',
  tenantAccountId: ACME_ACCOUNT,
  keyRegion: 'eu-central-1',
  keyModes: ['per-chunk'],
  stage: 'prod',
  isv: ISV,
};

export const MULTI_REGION_KEY: OnboardingInput = {
  ...NEW_KEY,
  keyModes: ['cached', 'hierarchical'],
  replicaRegions: ['us-west-2', 'eu-west-1'],
};

const KEY_ID = '1234abcd-12ab-34cd-56ef-1234567890ab';

export const EXISTING_KEY: OnboardingInput = {
  ...NEW_KEY,
  keyModes: ['hierarchical'],
  existingKeyArn: `arn:aws:kms:eu-central-1:${ACME_ACCOUNT}:key/${KEY_ID}`,
};

export const EXISTING_MULTI_REGION_KEY: OnboardingInput = {
  ...MULTI_REGION_KEY,
  existingKeyArn: `arn:aws:kms:eu-central-1:${ACME_ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab`,
};

/** A tenant whose id is too long for the names of its rule and its role. */
export const LONG_NAME: OnboardingInput = { ...NEW_KEY, tenantId: 'a'.repeat(63) };

/** Every partition of AWS with one of its regions. The last one does not exist yet. */
export const PARTITIONS: readonly (readonly [partition: string, region: string])[] = [
  ['aws', 'eu-central-1'],
  ['aws-cn', 'cn-north-1'],
  ['aws-us-gov', 'us-gov-west-1'],
  ['aws-iso', 'us-iso-east-1'],
  ['aws-iso-b', 'us-isob-east-1'],
  ['aws-iso-e', 'eu-isoe-west-1'],
  ['aws-iso-f', 'us-isof-south-1'],
  ['aws-eusc', 'eusc-de-east-1'],
  ['aws-mars', 'mars-north-1'],
];

/** Returns our deployment in that partition and region. */
export function isvIn(partition: string, region: string): OnboardingInput['isv'] {
  const moved = Object.entries(ISV).map(([name, value]) => [
    name,
    value.replace('arn:aws:', `arn:${partition}:`).replace('us-east-1', region),
  ]);
  return { ...ISV, ...Object.fromEntries(moved) };
}

export const CASES: readonly (readonly [name: string, input: OnboardingInput])[] = [
  ['a new key', NEW_KEY],
  ['a new multi-Region key', MULTI_REGION_KEY],
  ['an existing key', EXISTING_KEY],
  ['an existing multi-Region key', EXISTING_MULTI_REGION_KEY],
  ['a tenant of a long name', LONG_NAME],
];
