import { expect, test } from 'vitest';
import { type OnboardingInput, parseOnboarding } from '../../shared/handover/input.ts';
import { render } from '../../shared/handover/render.ts';
import {
  CASES,
  EXISTING_KEY,
  EXISTING_MULTI_REGION_KEY,
  ISV,
  NEW_KEY,
} from '../support/onboarding-inputs.ts';

const withIsv = (isv: Partial<OnboardingInput['isv']>) => ({ ...NEW_KEY, isv: { ...ISV, ...isv } });
const other = (arn: string) => arn.replace('999999999999', '888888888888');

test.each(CASES)('%s is accepted', (_name, input) => {
  expect(parseOnboarding(input)).toMatchObject(input);
});

test.each<[string, OnboardingInput]>([
  ['a tenant id that a shell would run', { ...NEW_KEY, tenantId: 'a$(reboot)' }],
  ['a tenant id that ends a string', { ...NEW_KEY, tenantId: `acme"` }],
  ['a tenant id that Terraform would fill in', { ...NEW_KEY, tenantId: '${path.cwd}' }],
  ['a tenant id of two lines', { ...NEW_KEY, tenantId: 'acme\nglobex' }],
  ['a tenant id with a wildcard', { ...NEW_KEY, tenantId: '*' }],
  ['an empty tenant id', { ...NEW_KEY, tenantId: '' }],
  ['a stage that ends a string', { ...NEW_KEY, stage: `prod'; reboot; '` }],
  ['an account id that is too short', { ...NEW_KEY, tenantAccountId: '1234' }],
  ['a region that is none', { ...NEW_KEY, keyRegion: 'mars' }],
  ['no key mode', { ...NEW_KEY, keyModes: [] }],
  ['a role that is everybody', withIsv({ encryptRoleArn: '*' })],
  ['a role of all names', withIsv({ encryptRoleArn: 'arn:aws:iam::999999999999:role/*' })],
  ['a role of another account', withIsv({ encryptRoleArn: other(ISV.encryptRoleArn) })],
  ['a user for a role', withIsv({ controlRoleArn: 'arn:aws:iam::999999999999:user/control' })],
  ['a bus of another account', withIsv({ eventBusArn: other(ISV.eventBusArn) })],
  ['a bus of another region', withIsv({ region: 'us-west-2' })],
  ['roles of another partition', { ...NEW_KEY, partition: 'aws-cn' }],
  [
    'a key that is an alias',
    { ...EXISTING_KEY, existingKeyArn: 'arn:aws:kms:eu-central-1:111111111111:alias/a' },
  ],
  ['a key of another account', { ...EXISTING_KEY, tenantAccountId: '222222222222' }],
  ['a key of another region', { ...EXISTING_KEY, keyRegion: 'eu-west-1' }],
  ['replicas of a key that has none', { ...EXISTING_KEY, replicaRegions: ['eu-west-1'] }],
  ['a replica beside its primary key', { ...EXISTING_MULTI_REGION_KEY, replicaRegions: ['eu-central-1'] }],
])('%s is refused', (_name, input) => {
  expect(() => render(input)).toThrow(expect.objectContaining({ code: 'ERR_EVENT_INVALID' }));
});

test('names everything that is wrong', () => {
  const wrong = { ...NEW_KEY, tenantId: 'A', tenantAccountId: '1' };
  expect(() => parseOnboarding(wrong)).toThrow(/tenantId .*tenantAccountId /u);
});
