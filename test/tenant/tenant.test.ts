import { describe, expect, test } from 'vitest';
import { requireActive, requireRegistered, tenantSchema } from '../../shared/tenant/tenant.ts';
import { ACME } from '../support/tenants.ts';

describe('a tenant', () => {
  test('comes back from the state table, the table’s own members left out', () => {
    expect(tenantSchema.parse({ pk: 'tenant#acme', sk: 'tenant', ...ACME })).toEqual(ACME);
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

  test.each([{ tenantId: 'A' }, { keyMode: 'cached' }, { status: 'deleted' }, { epoch: -1 }, { epoch: 0.5 }])(
    'is refused with %j',
    (change) => {
      expect(tenantSchema.safeParse({ ...ACME, ...change }).success).toBe(false);
    },
  );
});

describe('work for a tenant', () => {
  test('may go on when it is active', () => {
    expect(requireActive(ACME, ACME.tenantId)).toBe(ACME);
  });

  test.each(['pending', 'revoked', 'offboarded'] as const)('waits when it is %s, but is known', (status) => {
    const tenant = { ...ACME, status };
    expect(requireRegistered(tenant, ACME.tenantId)).toBe(tenant);
    expect(() => requireActive(tenant, ACME.tenantId)).toThrow(
      expect.objectContaining({ code: 'ERR_TENANT_REVOKED', disposition: 'park' }),
    );
  });

  test('is refused when it is not registered', () => {
    const unknown = expect.objectContaining({ code: 'ERR_TENANT_UNKNOWN', disposition: 'reject' });
    expect(() => requireRegistered(undefined, ACME.tenantId)).toThrow(unknown);
    expect(() => requireActive(undefined, ACME.tenantId)).toThrow(unknown);
  });
});
