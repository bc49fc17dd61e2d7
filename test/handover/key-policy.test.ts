import { describe, expect, test } from 'vitest';
import type { AccessRequest } from '../../local/iam/authorizer.ts';
import { createAuthorizer } from '../../local/iam/evaluate.ts';
import { createRoles } from '../../local/iam/roles.ts';
import { keyGrant, keyPolicy } from '../../shared/handover/key-policy.ts';
import type { KeyMode } from '../../shared/tenant/tenant.ts';
import { ACME_ACCOUNT, ISV } from '../support/onboarding-inputs.ts';

const KEY = `arn:aws:kms:eu-central-1:${ACME_ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const ROLES = { encrypt: ISV.encryptRoleArn, restore: ISV.restoreRoleArn, control: ISV.controlRoleArn };
const OPERATIONS = [
  'kms:GenerateDataKey',
  'kms:Decrypt',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:CreateGrant',
  'kms:GetKeyPolicy',
  'kms:PutKeyPolicy',
  'kms:DisableKey',
  'kms:ScheduleKeyDeletion',
];

type RoleName = keyof typeof ROLES;

/** Lists the operations that acme's key policy allows a role whose own policies allow everything. */
function allowed(keyModes: readonly KeyMode[], role: RoleName, context: AccessRequest['context']) {
  const roles = createRoles();
  const roleArn = ROLES[role];
  const Statement = { Effect: 'Allow', Action: 'kms:*', Resource: '*' } as const;
  roles.put(roleArn, [{ Version: '2012-10-17', Statement }]);
  const principal = {
    accountId: ISV.accountId,
    roleArn,
    arn: `arn:aws:sts::${ISV.accountId}:assumed-role/${role}/1`,
  };
  const policy = keyPolicy({ tenantId: 'acme', tenantAccountId: ACME_ACCOUNT, keyModes, ...ISV });
  const request = {
    principal,
    resource: KEY,
    resourceAccountId: ACME_ACCOUNT,
    resourcePolicy: policy,
    context,
  };
  const authorizer = createAuthorizer(roles);
  return OPERATIONS.filter(
    (action) => authorizer.decide({ ...request, action, resourcePolicyRules: true }).allowed,
  );
}

const message = (tenantId: string) => ({ 'kms:EncryptionContext:tenant-id': tenantId });
const branchKey = (tenantId: string, onSameKey = 'true') => ({
  'kms:EncryptionContext:aws-crypto-ec:tenant-id': tenantId,
  'kms:ReEncryptOnSameKey': onSameKey,
});

describe.each(['per-chunk', 'cached'] as const)('in mode %s', (mode) => {
  test.each([
    ['encrypt', ['kms:GenerateDataKey']],
    ['restore', ['kms:Decrypt']],
    ['control', ['kms:GenerateDataKey', 'kms:Decrypt', 'kms:DescribeKey']],
  ] as const)('%s may do what it needs under the tenant, and nothing more', (role, operations) => {
    expect(allowed([mode], role, message('acme'))).toEqual(operations);
  });

  test.each(['encrypt', 'restore'] as const)('%s may do nothing under another tenant, or none', (role) => {
    expect(allowed([mode], role, message('globex'))).toEqual([]);
    expect(allowed([mode], role, {})).toEqual([]);
    expect(allowed([mode], role, branchKey('acme'))).toEqual([]);
  });
});

describe('in mode hierarchical', () => {
  test.each([
    ['encrypt', ['kms:Decrypt']],
    ['restore', ['kms:Decrypt']],
    [
      'control',
      [
        'kms:Decrypt',
        'kms:GenerateDataKeyWithoutPlaintext',
        'kms:ReEncryptFrom',
        'kms:ReEncryptTo',
        'kms:DescribeKey',
      ],
    ],
  ] as const)(
    "%s may do what it needs with the tenant's branch keys, and nothing more",
    (role, operations) => {
      expect(allowed(['hierarchical'], role, branchKey('acme'))).toEqual(operations);
    },
  );

  test.each(['encrypt', 'restore'] as const)('%s may do nothing with DEKs or foreign branch keys', (role) => {
    expect(allowed(['hierarchical'], role, message('acme'))).toEqual([]);
    expect(allowed(['hierarchical'], role, branchKey('globex'))).toEqual([]);
  });

  test('control may not move a branch key to another key', () => {
    const operations = allowed(['hierarchical'], 'control', branchKey('acme', 'false'));
    expect(operations).not.toContain('kms:ReEncryptFrom');
    expect(operations).not.toContain('kms:ReEncryptTo');
  });
});

describe('a tenant that moves between modes', () => {
  test('grants each mode the same as that mode alone', () => {
    const both = ['per-chunk', 'hierarchical'] as const;
    expect(allowed(both, 'encrypt', message('acme'))).toEqual(['kms:GenerateDataKey']);
    expect(allowed(both, 'encrypt', branchKey('acme'))).toEqual(['kms:Decrypt']);
  });

  test('grants the statements of messages once, although two modes need them', () => {
    const grant = { tenantId: 'acme', ...ISV };
    expect(keyGrant({ ...grant, keyModes: ['per-chunk', 'cached'] })).toEqual(keyGrant(grant));
  });
});

describe('every statement', () => {
  const keyModes = ['per-chunk', 'cached', 'hierarchical'] as const;
  const grant = keyGrant({ tenantId: 'acme', keyModes, ...ISV });

  test('names roles of ours, never everybody, and operations, never all of them', () => {
    for (const { Principal, Action } of grant) {
      expect(Object.values(ROLES)).toEqual(expect.arrayContaining([Principal.AWS].flat()));
      expect([Action].flat().join(' ')).not.toContain('*');
    }
  });

  test('has a name of its own', () => {
    const names = grant.map(({ Sid }) => Sid);
    expect(new Set(names).size).toBe(names.length);
  });

  test('but DescribeKey, which takes no context, is bound to the tenant', () => {
    const unbound = grant.filter(({ Condition }) => !JSON.stringify(Condition ?? {}).includes('"acme"'));
    expect(unbound.map(({ Action }) => Action)).toEqual(['kms:DescribeKey']);
  });
});

test('leaves the key to its account, in its partition', () => {
  const input = { tenantId: 'acme', tenantAccountId: ACME_ACCOUNT, partition: 'aws-us-gov', ...ISV };
  expect(keyPolicy(input).Statement[0]).toMatchObject({
    Principal: { AWS: `arn:aws-us-gov:iam::${ACME_ACCOUNT}:root` },
    Action: 'kms:*',
  });
});
