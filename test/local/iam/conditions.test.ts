import { describe, expect, test } from 'vitest';
import type { PolicyDocument, PolicyStatement } from '../../../local/iam/authorizer.ts';
import { UnknownOperatorError } from '../../../local/iam/conditions.ts';
import { createAuthorizer } from '../../../local/iam/evaluate.ts';
import { PolicyError } from '../../../local/iam/policy-validation.ts';
import { createRoles } from '../../../local/iam/roles.ts';

const ACCOUNT = '111111111111';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/encrypt`;
const context = {
  'kms:EncryptionContext:tenant-id': 'acme',
  'kms:EncryptionContextKeys': ['tenant-id', 'object-id'],
  'aws:SourceArn': 'arn:aws:s3:::ingest',
  'events:source': ['aws.kms'],
  'aws:SecureTransport': 'true',
  'kms:ScheduleKeyDeletionPendingWindowInDays': '7',
  'aws:CurrentTime': '2026-06-01T00:00:00Z',
};

function holds(
  Condition: PolicyStatement['Condition'],
  Version: PolicyDocument['Version'] = '2012-10-17',
): boolean {
  const document: PolicyDocument = {
    ...(Version === undefined ? {} : { Version }),
    Statement: { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*', Condition },
  };
  return createAuthorizer(createRoles()).decide({
    principal: { accountId: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/encrypt/s`, roleArn: ROLE },
    action: 'kms:Decrypt',
    resource: 'key',
    resourceAccountId: ACCOUNT,
    resourcePolicy: document,
    resourcePolicyRules: true,
    context,
  }).allowed;
}

const TENANT = 'kms:EncryptionContext:tenant-id';

describe('condition operators', () => {
  test.each([
    ['StringEquals', TENANT, 'acme', true],
    ['StringEquals', 'KMS:encryptioncontext:Tenant-ID', 'acme', true],
    ['StringEquals', TENANT, ['other', 'acme'], true],
    ['StringEquals', TENANT, 'Acme', false],
    ['StringEquals', TENANT, 'a*', false],
    ['StringEquals', 'kms:absent', 'x', false],
    ['StringEqualsIfExists', 'kms:absent', 'x', true],
    ['StringEqualsIfExists', TENANT, 'x', false],
    ['StringNotEquals', TENANT, 'acme', false],
    ['StringNotEquals', TENANT, ['other', 'acme'], false],
    ['StringNotEquals', 'kms:absent', 'x', true],
    ['StringEqualsIgnoreCase', TENANT, 'ACME', true],
    ['StringNotEqualsIgnoreCase', TENANT, 'ACME', false],
    ['StringLike', TENANT, 'a?m*', true],
    ['StringLike', TENANT, 'b*', false],
    ['StringNotLike', TENANT, 'a*', false],
    ['ArnEquals', 'aws:SourceArn', 'arn:aws:s3:::in*', true],
    ['ArnLike', 'aws:SourceArn', 'arn:aws:s*:ingest', false],
    ['ArnNotLike', 'aws:SourceArn', 'arn:aws:s3:::other', true],
    ['Bool', 'aws:SecureTransport', true, true],
    ['Bool', 'aws:SecureTransport', 'false', false],
    ['BoolIfExists', 'aws:MultiFactorAuthPresent', 'true', true],
    ['Null', 'kms:absent', 'true', true],
    ['Null', TENANT, true, false],
    ['Null', TENANT, 'false', true],
    ['NumericLessThan', 'kms:ScheduleKeyDeletionPendingWindowInDays', 8, true],
    ['NumericGreaterThanEquals', 'kms:ScheduleKeyDeletionPendingWindowInDays', '8', false],
    ['NumericEquals', TENANT, '7', false],
    ['DateGreaterThan', 'aws:CurrentTime', '2026-05-31T23:59:59Z', true],
    ['DateLessThan', 'aws:CurrentTime', '1767225600', false],
    ['ForAllValues:StringEquals', 'kms:EncryptionContextKeys', ['tenant-id', 'object-id', 'x'], true],
    ['ForAllValues:StringEquals', 'kms:EncryptionContextKeys', 'tenant-id', false],
    ['ForAllValues:StringEquals', 'kms:absent', 'tenant-id', true],
    ['ForAnyValue:StringEquals', 'kms:EncryptionContextKeys', 'tenant-id', true],
    ['ForAnyValue:StringEquals', 'kms:absent', 'tenant-id', false],
    ['ForAnyValue:StringNotEquals', 'kms:EncryptionContextKeys', 'tenant-id', true],
    ['ForAllValues:StringNotEquals', 'kms:EncryptionContextKeys', 'tenant-id', false],
    // IAM demands a set operator for a key that may have several values, even if it has one.
    ['StringEquals', 'events:source', 'aws.kms', false],
    ['StringNotEquals', 'events:source', 'aws.s3', false],
    ['ForAllValues:StringEquals', 'events:source', 'aws.kms', true],
    ['ForAnyValue:StringEquals', 'events:source', ['aws.s3', 'aws.kms'], true],
    ['Null', 'events:source', 'false', true],
    ['StringEquals', 'aws:ResourceAccount', ACCOUNT, true],
    ['StringNotEquals', 'aws:ResourceAccount', ACCOUNT, false],
    ['StringEquals', 'aws:PrincipalArn', ROLE, true],
    ['StringEquals', 'aws:PrincipalAccount', ACCOUNT, true],
  ])('%s %s %j holds: %s', (operator, key, value, expected) => {
    expect(holds({ [operator]: { [key]: value } })).toBe(expected);
  });

  test('every operator and every key must hold', () => {
    const tenant = { StringEquals: { [TENANT]: 'acme' } };
    expect(holds({ ...tenant, Bool: { 'aws:SecureTransport': 'true' } })).toBe(true);
    expect(holds({ ...tenant, Bool: { 'aws:SecureTransport': 'false' } })).toBe(false);
    expect(holds({ StringEquals: { [TENANT]: 'acme', 'aws:PrincipalAccount': '0' } })).toBe(false);
  });

  test('an unknown operator throws instead of passing', () => {
    expect(() => holds({ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } })).toThrow(UnknownOperatorError);
    expect(() => holds({ 'StringEquals ': { [TENANT]: 'acme' } })).toThrow(UnknownOperatorError);
  });

  test('a role is never given a policy with an unknown operator', () => {
    const statement: PolicyStatement = {
      Effect: 'Deny',
      Action: '*',
      Resource: '*',
      Condition: { StringEqual: { [TENANT]: 'acme' } },
    };
    expect(() => createRoles().put(ROLE, [{ Statement: statement }])).toThrow(PolicyError);
  });
});

describe('policy variables', () => {
  test('stand for condition keys of the request', () => {
    expect(holds({ StringLike: { 'aws:PrincipalArn': 'arn:aws:iam::${aws:PrincipalAccount}:role/*' } })).toBe(
      true,
    );
    expect(holds({ StringEquals: { [TENANT]: "${kms:absent, 'acme'}" } })).toBe(true);
    expect(holds({ StringEquals: { [TENANT]: '${*}' } })).toBe(false);
  });

  test('that the request cannot fill make the statement apply to nothing', () => {
    expect(holds({ StringNotEquals: { [TENANT]: '${kms:absent}' } })).toBe(false);
  });

  test('are never keys that may have several values', () => {
    expect(holds({ StringEquals: { 'kms:EncryptionContextKeys': '${events:source}' } })).toBe(false);
    expect(holds({ 'ForAnyValue:StringEquals': { 'events:source': ['aws.kms', '${events:source}'] } })).toBe(
      false,
    );
  });

  test('are plain text in documents older than 2012-10-17', () => {
    expect(holds({ StringEquals: { 'aws:PrincipalAccount': '${aws:PrincipalAccount}' } }, '2008-10-17')).toBe(
      false,
    );
  });
});
