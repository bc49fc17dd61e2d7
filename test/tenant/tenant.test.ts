import { describe, expect, test } from 'vitest';
import { currentKekArns, everyKekArn, tenantSchema } from '../../shared/tenant/tenant.ts';
import { ACME } from '../support/tenants.ts';

describe('a tenant', () => {
  test('comes back from the state table, the table’s own members left out', () => {
    expect(tenantSchema.parse({ pk: 'tenant#acme', sk: 'tenant', ...ACME })).toEqual(ACME);
  });

  test('of an old record is pooled, without replicas, and has had no other KEK', () => {
    const { tenantId, kekArn, status, epoch, signal } = ACME;
    expect(tenantSchema.parse({ tenantId, kekArn, status, epoch, signal })).toEqual({
      tenantId,
      kekArn,
      status,
      epoch,
      signal,
      keyMode: 'per-chunk',
      maxKeyAgeSeconds: 60,
      isolation: 'pooled',
      replicaArns: [],
      retiredKeks: [],
      customKeyStore: false,
      allowedRegions: [],
      rotateWithKek: false,
    });
  });

  test('keeps apart the KEKs it has and those it had', () => {
    const [replica, old, oldReplica] = ['eu-west-1', 'us-west-2', 'us-west-1'].map((region) =>
      ACME.kekArn.replace('us-east-1', region),
    );
    const tenant = tenantSchema.parse({
      ...ACME,
      replicaArns: [replica],
      retiredKeks: [
        { kekArn: old, replicaArns: [oldReplica], branchKeyIds: [] },
        { kekArn: ACME.kekArn, replicaArns: [], branchKeyIds: [] },
      ],
    });
    expect(currentKekArns(tenant)).toEqual([ACME.kekArn, replica]);
    expect(everyKekArn(tenant)).toEqual([ACME.kekArn, replica, old, oldReplica]);
  });

  test.each([
    'arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    'arn:aws:kms:eu-central-1:111111111111:key/mrk-1234abcd12ab34cd56ef1234567890ab',
    'arn:aws-us-gov:kms:us-gov-west-1:111111111111:key/x',
    'arn:aws-cn:kms:cn-north-1:111111111111:key/x',
  ])('may have the KEK %s', (kekArn) => {
    expect(tenantSchema.safeParse({ ...ACME, kekArn }).success).toBe(true);
  });

  test.each([
    'arn:aws:kms:us-east-1:111111111111:alias/acme',
    'alias/acme',
    '1234abcd-12ab-34cd-56ef-1234567890ab',
    'arn:aws:s3:us-east-1:111111111111:key/x',
    'arn:aws:kms:us-east-1:1111:key/x',
    'arn:aws:kms::111111111111:key/x',
    'arn:aws:kms:us-east-1:111111111111:key/',
    'arn:aws:kms:us-east-1:111111111111:key/x\n',
    'arn:aws:kms:us-east-1:111111111111:key/x/y',
    '',
  ])('is refused with the KEK %j', (kekArn) => {
    expect(tenantSchema.safeParse({ ...ACME, kekArn }).success).toBe(false);
  });

  test.each([{ tenantId: 'A' }, { keyMode: 'shared' }, { status: 'deleted' }, { epoch: -1 }, { epoch: 0.5 }])(
    'is refused with %j',
    (change) => {
      expect(tenantSchema.safeParse({ ...ACME, ...change }).success).toBe(false);
    },
  );
});
