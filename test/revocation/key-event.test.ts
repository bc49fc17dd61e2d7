import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { parseKeyEvent } from '../../shared/revocation/key-event.ts';
import { callEvent, type KeyEventInput, nativeEvent } from '../support/key-events.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';

const AT = '2026-03-01T12:00:00Z';
const NOW = new Date('2026-03-01T12:00:10.000Z');
const KEY_ID = ACME.kekArn.split('/')[1] ?? '';

const CALLS = [
  ['DisableKey', 'disabling'],
  ['ScheduleKeyDeletion', 'disabling'],
  ['DeleteImportedKeyMaterial', 'disabling'],
  ['DeleteKey', 'disabling'],
  ['DeleteExpiredKeyMaterial', 'disabling'],
  ['PutKeyPolicy', 'questioning'],
  ['RevokeGrant', 'questioning'],
  ['RetireGrant', 'questioning'],
  ['EnableKey', 'enabling'],
  ['CancelKeyDeletion', 'enabling'],
  ['ImportKeyMaterial', 'enabling'],
  ['CreateGrant', 'enabling'],
] as const;

describe('an event about a key', () => {
  test.each(CALLS)('%s is %s', (name, kind) => {
    const event = callEvent(name, AT, ACME);
    expect(parseKeyEvent(event, NOW)).toEqual({
      kind,
      keySignal: { name, at: '2026-03-01T12:00:00.000Z' },
      kekArns: [ACME.kekArn],
    });
  });

  test.each(['KMS Imported Key Material Expiration', 'KMS CMK Deletion'])('native: %s disables', (name) => {
    expect(parseKeyEvent(nativeEvent(name, AT, ACME), NOW)).toMatchObject({
      kind: 'disabling',
      keySignal: { name },
      kekArns: [ACME.kekArn],
    });
  });

  test('of KMS itself by way of CloudTrail names its key by its details', () => {
    const event = callEvent('DeleteKey', AT, ACME);
    const detail = {
      ...event.detail,
      requestParameters: null,
      resources: [],
      serviceEventDetails: { keyId: KEY_ID },
    };
    const service = { ...event, 'detail-type': 'AWS Service Event via CloudTrail', detail };
    expect(parseKeyEvent(service, NOW)).toMatchObject({ kekArns: [ACME.kekArn] });
  });

  test('of the future is taken for one of now', () => {
    const event = callEvent('DisableKey', '2027-01-01T00:00:00Z', ACME);
    expect(parseKeyEvent(event, NOW)).toMatchObject({ keySignal: { at: NOW.toISOString() } });
  });

  test.each([
    ['revoke.json', 'disabling'],
    ['revoke-enable.json', 'enabling'],
  ])('the sample %s is one', async (file, kind) => {
    const text = await readFile(new URL(`../../events/${file}`, import.meta.url), 'utf8');
    expect(parseKeyEvent(JSON.parse(text), NOW)).toMatchObject({
      kind,
      keySignal: { at: NOW.toISOString() },
    });
  });
});

describe('a key is named', () => {
  const event = callEvent('DisableKey', AT, ACME);
  function named(keyId: string | undefined, resources: readonly string[], arns: readonly string[] = []) {
    const detail = {
      ...event.detail,
      requestParameters: { keyId },
      resources: resources.map((ARN) => ({ ARN })),
    };
    return parseKeyEvent({ ...event, resources: arns, detail }, NOW);
  }
  const ALIAS_ARN = 'arn:aws:kms:us-east-1:111111111111:alias/sealstream';

  test.each([
    ['by its bare id alone', named(KEY_ID, [])],
    ['by its ARN alone', named(ACME.kekArn, [])],
    ['by an alias, and by ARN among the resources', named('alias/sealstream', [ALIAS_ARN, ACME.kekArn])],
    ['by the event’s own resources', named(undefined, [], [ACME.kekArn])],
    ['twice, but once', named(KEY_ID, [ACME.kekArn], [ACME.kekArn])],
  ])('%s', (_how, parsed) => {
    expect(parsed).toMatchObject({ kekArns: [ACME.kekArn] });
  });

  test.each([
    ['an alias alone', named('alias/sealstream', [ALIAS_ARN])],
    ['nothing', named(undefined, [])],
    ['the ARN of another account’s key', named(GLOBEX.kekArn, [GLOBEX.kekArn])],
    ['the ARN of a key in another region', named(ACME.kekArn.replace('us-east-1', 'eu-west-1'), [])],
  ])('not by %s', (_how, parsed) => {
    expect(parsed).toEqual({ ignored: 'no-key-named' });
  });

  test.each([
    ['eu-west-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
    ['eusc-de-east-1', 'aws-eusc'],
    ['us-iso-east-1', 'aws-iso'],
    ['mars-north-1', 'aws-mars'],
  ])('in %s within the partition %s', (region, partition) => {
    const kekArn = `arn:${partition}:kms:${region}:111111111111:key/${KEY_ID}`;
    const { detail, ...rest } = callEvent('DisableKey', AT, { kekArn });
    const bare = { ...rest, detail: { ...detail, resources: [] } };
    expect(parseKeyEvent(bare, NOW)).toMatchObject({ kekArns: [kekArn] });
  });

  test('by the id of a multi-Region key', () => {
    const kekArn = 'arn:aws:kms:us-east-1:111111111111:key/mrk-1234abcd12ab34cd56ef1234567890ab';
    expect(parseKeyEvent(callEvent('DisableKey', AT, { kekArn }), NOW)).toMatchObject({ kekArns: [kekArn] });
  });
});

/** The regions of the cases for DisableKey, as CloudTrail tells of it in partitions that few customers use. */
const CASES = ['us-iso-east-1', 'us-isob-east-1', 'eu-isoe-west-1', 'us-isof-south-1', 'eusc-de-east-1'];

describe.each(CASES)('in %s, a key is named', (region) => {
  let disable: KeyEventInput & { readonly detail: Readonly<Record<string, unknown>> };
  let kekArn: string;
  beforeAll(async () => {
    const file = new URL(`../vectors/key-events/disable-${region}.json`, import.meta.url);
    disable = JSON.parse(await readFile(file, 'utf8'));
    kekArn = z.object({ responseElements: z.object({ keyId: z.string() }) }).parse(disable.detail)
      .responseElements.keyId;
  });
  const without = (detail: object) => ({ ...disable, detail: { ...disable.detail, ...detail } });

  test('exactly, as CloudTrail tells of it there', () => {
    expect(parseKeyEvent(disable, NOW)).toMatchObject({ kind: 'disabling', kekArns: [kekArn] });
  });

  test('by its bare id, within the partition that another ARN of the event names', () => {
    const caller = { arn: `${kekArn.split(':kms:')[0]}:sts::111111111111:assumed-role/Admin/me` };
    const events = [
      without({ resources: [] }),
      without({ resources: null, responseElements: null, userIdentity: caller }),
      without({ resources: [], responseElements: 'none', userIdentity: caller }),
    ];
    for (const event of events) expect(parseKeyEvent(event, NOW)).toMatchObject({ kekArns: [kekArn] });
  });

  test('not by its bare id alone: no region tells its partition', () => {
    const event = without({ resources: [], responseElements: null });
    expect(parseKeyEvent(event, NOW)).toEqual({ ignored: 'no-key-named' });
  });

  test.each([
    ['account', (arn: string) => arn.replace('111111111111', '222222222222')],
    ['region', (arn: string) => arn.replace(region, 'us-east-1')],
    ['service', (arn: string) => arn.replace(':kms:', ':s3:')],
  ])('not by the ARN of another %s', (_what, other) => {
    const ARN = other(kekArn);
    const event = without({ resources: [{ ARN }], requestParameters: { keyId: ARN } });
    expect(parseKeyEvent(event, NOW)).toEqual({ ignored: 'no-key-named' });
  });
});

describe('ignored is', () => {
  const event = callEvent('DisableKey', AT, ACME);
  const { detail } = event;

  test.each([
    ['malformed', 'no event'],
    ['malformed', { ...event, account: 'acme' }],
    ['malformed', { ...event, time: 'yesterday' }],
    ['not-from-kms', { ...event, source: 'sealstream.kms' }],
    ['not-from-kms', { ...event, 'detail-type': 'Something Else' }],
    ['not-from-kms', { ...event, detail: { ...detail, eventSource: 's3.amazonaws.com' } }],
    ['call-refused', { ...event, detail: { ...detail, errorCode: 'AccessDenied' } }],
    ['other-account', { ...event, detail: { ...detail, recipientAccountId: '999999999999' } }],
    ['other-account', { ...event, detail: { ...detail, awsRegion: 'eu-west-1' } }],
    [
      'no-key-named',
      {
        ...event,
        account: '999999999999',
        detail: { ...detail, recipientAccountId: undefined, requestParameters: { keyId: ACME.kekArn } },
      },
    ],
  ])('%s: %#', (reason, input) => {
    expect(parseKeyEvent(input, NOW)).toEqual({ ignored: reason });
  });

  test.each(['TagResource', 'CreateAlias', 'RotateKey', 'RotateKeyOnDemand'])(
    '%s says nothing but that we hear of the key',
    (name) => {
      const kekArns = [ACME.kekArn];
      expect(parseKeyEvent(callEvent(name, AT, ACME), NOW)).toEqual({ ignored: 'irrelevant', kekArns });
    },
  );

  test('a rotation is told by KMS itself', () => {
    expect(parseKeyEvent(nativeEvent('KMS CMK Rotation', AT, ACME), NOW)).toMatchObject({
      kind: 'rotation',
      kekArns: [ACME.kekArn],
    });
  });
});
