import { describe, expect, test } from 'vitest';
import { compilePattern } from '../../local/eventbridge/pattern.ts';
import { parseOnboarding } from '../../shared/handover/input.ts';
import { forwarderName, forwarderTrust, keyEventPattern } from '../../shared/handover/key-events.ts';
import { EXISTING_KEY, EXISTING_MULTI_REGION_KEY, LONG_NAME, NEW_KEY } from '../support/onboarding-inputs.ts';
import { NATIVE_EVENTS, TRAIL_EVENTS } from '../../shared/revocation/key-event-names.ts';
import { knownKey } from '../../shared/handover/tenant-key.ts';

const ID = '1234abcd-12ab-34cd-56ef-1234567890ab';
const ARN = `arn:aws:kms:eu-central-1:111111111111:key/${ID}`;
const OTHER = ARN.replace('1234abcd', '9999ffff');

/** An event of CloudTrail, in EventBridge's envelope: https://docs.aws.amazon.com/kms/latest/developerguide/ct-disablekey.html */
const trailEvent = (detail: object) => ({
  source: 'aws.kms',
  'detail-type': 'AWS API Call via CloudTrail',
  account: '111111111111',
  resources: [],
  detail: { eventSource: 'kms.amazonaws.com', eventName: 'DisableKey', ...detail },
});
/** An event of KMS itself: https://docs.aws.amazon.com/kms/latest/developerguide/kms-events.html */
const ownEvent = (arn: string) => ({
  source: 'aws.kms',
  'detail-type': 'KMS CMK Deletion',
  account: '111111111111',
  resources: [arn],
  detail: { 'key-id': arn.split('/').at(-1) },
});

describe('the events that we act on', () => {
  const matches = compilePattern(JSON.stringify(keyEventPattern({ arn: ARN, id: ID })));

  test.each(TRAIL_EVENTS)('are forwarded: %s', (eventName) => {
    expect(matches(trailEvent({ eventName, resources: [{ ARN }] }))).toBe(true);
  });

  test.each(NATIVE_EVENTS)('are forwarded: %s', (type) => {
    expect(matches({ ...ownEvent(ARN), 'detail-type': type })).toBe(true);
  });

  test('fit into a rule: EventBridge takes 2,048 characters', () => {
    const arn = `arn:aws-us-gov:kms:us-gov-east-1:111111111111:key/mrk-${'0'.repeat(32)}`;
    const pattern = keyEventPattern({ arn, id: arn.split('/')[1] });
    expect(JSON.stringify(pattern, undefined, 2).length).toBeLessThan(2048);
  });
});

describe('the rule', () => {
  const matches = compilePattern(JSON.stringify(keyEventPattern({ arn: ARN, id: ID })));

  test.each<[string, object]>([
    ["KMS's own events of the key", ownEvent(ARN)],
    [
      'calls that name the key by its id',
      trailEvent({ requestParameters: { keyId: ID }, resources: [{ ARN, accountId: '111111111111' }] }),
    ],
    [
      'events of the service, which have no parameters',
      trailEvent({ requestParameters: null, resources: [{ ARN }] }),
    ],
    [
      'calls through an alias',
      trailEvent({ resources: [{ ARN: 'arn:aws:kms:eu-central-1:111111111111:alias/a' }, { ARN }] }),
    ],
    ['calls that name the key and no resources', trailEvent({ requestParameters: { keyId: ARN } })],
  ])('forwards %s', (_name, event) => {
    expect(matches(event)).toBe(true);
  });

  test.each<[string, object]>([
    ["KMS's own events of another key", ownEvent(OTHER)],
    [
      'calls on another key',
      trailEvent({ requestParameters: { keyId: OTHER }, resources: [{ ARN: OTHER }] }),
    ],
    ['calls on no key', trailEvent({ eventName: 'CreateKey', requestParameters: {}, resources: [] })],
    ['events of another service', { ...ownEvent(ARN), source: 'aws.s3' }],
    [
      'uses of the key',
      trailEvent({ eventName: 'Decrypt', requestParameters: { keyId: ARN }, resources: [{ ARN }] }),
    ],
    ['events of KMS that we do not act on', { ...ownEvent(ARN), 'detail-type': 'KMS Key News' }],
  ])('does not forward %s', (_name, event) => {
    expect(matches(event)).toBe(false);
  });
});

test('the ARNs of the replicas of an existing key are known', () => {
  const onboarding = parseOnboarding(EXISTING_MULTI_REGION_KEY);
  const id = 'mrk-1234abcd12ab34cd56ef1234567890ab';
  expect(knownKey(onboarding, 'us-west-2')).toEqual({
    arn: `arn:aws:kms:us-west-2:111111111111:key/${id}`,
    id,
  });
  expect(knownKey(parseOnboarding(EXISTING_KEY), 'eu-central-1')).toEqual({ arn: ARN, id: ID });
  expect(knownKey(parseOnboarding(NEW_KEY), 'eu-central-1')).toBeUndefined();
});

describe('the name of rule and role', () => {
  test('is that of the tenant', () => {
    expect(forwarderName(parseOnboarding(NEW_KEY))).toBe('sealstream-acme');
  });

  test('is at most 64 characters, and different for different tenants', () => {
    const names = ['b', 'c'].map((end) =>
      forwarderName(parseOnboarding({ ...LONG_NAME, tenantId: 'a'.repeat(62) + end })),
    );
    expect(names.map(({ length }) => length)).toEqual([64, 64]);
    expect(names[0]).not.toBe(names[1]);
  });
});

test("the role is for the rules in the key's regions in the tenant's account alone", () => {
  expect(forwarderTrust(parseOnboarding(EXISTING_MULTI_REGION_KEY))).toMatchObject({
    Statement: [
      {
        Principal: { Service: 'events.amazonaws.com' },
        Condition: {
          StringEquals: { 'aws:SourceAccount': '111111111111' },
          ArnEquals: {
            'aws:SourceArn': ['eu-central-1', 'us-west-2', 'eu-west-1'].map(
              (region) => `arn:aws:events:${region}:111111111111:rule/sealstream-acme`,
            ),
          },
        },
      },
    ],
  });
});
