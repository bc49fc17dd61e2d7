import { describe, expect, test } from 'vitest';
import type {
  AccessRequest,
  Decision,
  PolicyDocument,
  PolicyStatement,
} from '../../../local/iam/authorizer.ts';
import { createAuthorizer } from '../../../local/iam/evaluate.ts';
import { createRoles } from '../../../local/iam/roles.ts';
import type { Principal } from '../../../local/front/service.ts';

const ISV = '111111111111';
const TENANT = '222222222222';
const ROLE = `arn:aws:iam::${ISV}:role/encrypt`;
const BUCKET = 'arn:aws:s3:::ingest/a.txt';
const KEY = `arn:aws:kms:us-east-1:${TENANT}:key/1234`;

const role: Principal = {
  accountId: ISV,
  arn: `arn:aws:sts::${ISV}:assumed-role/encrypt/session-1`,
  roleArn: ROLE,
};
const root: Principal = { accountId: ISV, arn: `arn:aws:iam::${ISV}:root` };

function decide(
  request: Partial<AccessRequest>,
  identity: readonly PolicyStatement[] = [],
  resource?: readonly PolicyStatement[],
): Decision {
  const roles = createRoles();
  roles.put(ROLE, [policy(identity)]);
  return createAuthorizer(roles).decide({
    principal: role,
    action: 's3:GetObject',
    resource: BUCKET,
    resourceAccountId: ISV,
    ...(resource === undefined ? {} : { resourcePolicy: policy(resource) }),
    ...request,
  });
}

function policy(Statement: readonly PolicyStatement[]): PolicyDocument {
  return { Version: '2012-10-17', Statement };
}

function allowKeyTo(aws: string): PolicyStatement {
  return { Effect: 'Allow', Principal: { AWS: aws }, Action: 'kms:*', Resource: '*' };
}

function denyAllBut(aws: string): PolicyStatement {
  return { Effect: 'Deny', NotPrincipal: { AWS: aws }, Action: '*', Resource: '*' };
}

const allowGet: PolicyStatement = { Effect: 'Allow', Action: 's3:Get*', Resource: 'arn:aws:s3:::ingest/*' };

describe('within one account', () => {
  test('a role without policies may do nothing', () => {
    expect(decide({})).toMatchObject({ allowed: false, explicit: false });
  });

  test('an identity policy alone allows', () => {
    expect(decide({}, [allowGet]).allowed).toBe(true);
  });

  test('a resource policy that names the role alone allows', () => {
    const statement: PolicyStatement = { ...allowGet, Principal: { AWS: ROLE } };
    expect(decide({}, [], [statement]).allowed).toBe(true);
  });

  test('a resource policy that names only the account leaves it to the identity policy', () => {
    const statement: PolicyStatement = { ...allowGet, Principal: { AWS: ISV } };
    expect(decide({}, [], [statement]).allowed).toBe(false);
    expect(decide({}, [allowGet], [statement]).allowed).toBe(true);
  });

  test('an explicit deny wins, whoever allows', () => {
    const deny: PolicyStatement = { ...allowGet, Effect: 'Deny' };
    expect(decide({}, [allowGet, deny])).toMatchObject({ allowed: false, explicit: true });
    const denyAll: PolicyStatement = { ...deny, Principal: '*' };
    expect(decide({}, [allowGet], [denyAll])).toMatchObject({ allowed: false, explicit: true });
  });

  test('the account root needs no identity policy, and a resource policy can still deny it', () => {
    expect(decide({ principal: root }).allowed).toBe(true);
    const deny: PolicyStatement = { ...allowGet, Effect: 'Deny', Principal: { AWS: ISV } };
    expect(decide({ principal: root }, [], [deny]).allowed).toBe(false);
  });

  test('a Service principal never names a person', () => {
    const statement: PolicyStatement = { ...allowGet, Principal: { Service: 's3.amazonaws.com' } };
    expect(decide({}, [], [statement]).allowed).toBe(false);
  });
});

describe('across accounts', () => {
  const request = { action: 'kms:Decrypt', resource: KEY, resourceAccountId: TENANT };
  const identity: PolicyStatement = { Effect: 'Allow', Action: 'kms:Decrypt', Resource: KEY };

  test('neither policy alone allows; both together do', () => {
    expect(decide(request, [identity]).allowed).toBe(false);
    expect(decide(request, [], [allowKeyTo(ROLE)]).allowed).toBe(false);
    expect(decide(request, [identity], [allowKeyTo(ROLE)]).allowed).toBe(true);
  });

  test.each([ISV, `arn:aws:iam::${ISV}:root`, ROLE, role.arn, '*'])('the resource may name %s', (aws) => {
    expect(decide(request, [identity], [allowKeyTo(aws)]).allowed).toBe(true);
  });

  test.each([TENANT, `arn:aws:iam::${ISV}:role/other`, `arn:aws:sts::${ISV}:assumed-role/encrypt/session-2`])(
    'naming %s names somebody else',
    (aws) => {
      expect(decide(request, [identity], [allowKeyTo(aws)]).allowed).toBe(false);
    },
  );
});

describe('where the resource policy rules', () => {
  const request = {
    action: 'kms:Decrypt',
    resource: KEY,
    resourceAccountId: ISV,
    resourcePolicyRules: true,
  };
  const identity: PolicyStatement = { Effect: 'Allow', Action: 'kms:*', Resource: '*' };
  const delegate: PolicyStatement = { ...identity, Principal: { AWS: `arn:aws:iam::${ISV}:root` } };

  test('an identity policy counts only where the resource policy delegates to the account', () => {
    expect(decide(request, [identity], []).allowed).toBe(false);
    expect(decide(request, [identity], [delegate]).allowed).toBe(true);
    expect(decide(request, [], [delegate]).allowed).toBe(false);
  });

  test('naming the role suffices', () => {
    expect(decide(request, [], [{ ...identity, Principal: { AWS: ROLE } }]).allowed).toBe(true);
  });

  test('even the account root needs the resource policy', () => {
    expect(decide({ ...request, principal: root }, [], []).allowed).toBe(false);
    expect(decide({ ...request, principal: root }, [], [delegate]).allowed).toBe(true);
  });
});

describe('what a statement speaks about', () => {
  test.each([
    ['S3:getobject', true],
    ['s3:Get?bject', true],
    ['s3:Get', false],
    ['s3:*Version', false],
  ])('action %s: %s', (Action, allowed) => {
    expect(decide({}, [{ ...allowGet, Action }]).allowed).toBe(allowed);
  });

  test.each([
    ['arn:aws:s3:::ingest/?.txt', true],
    ['arn:aws:s3:::ingest/A.txt', false],
    ['arn:aws:s3:::ingest', false],
    ['arn:aws:s3:::*', true],
    ['*', true],
  ])('resource %s: %s', (Resource, allowed) => {
    expect(decide({}, [{ ...allowGet, Resource }]).allowed).toBe(allowed);
  });

  test('NotAction and NotResource speak about everything else', () => {
    const notAction: PolicyStatement = { Effect: 'Allow', NotAction: 's3:Delete*', Resource: '*' };
    expect(decide({}, [notAction]).allowed).toBe(true);
    expect(decide({ action: 's3:DeleteObject' }, [notAction]).allowed).toBe(false);
    const notResource: PolicyStatement = {
      Effect: 'Allow',
      Action: '*',
      NotResource: 'arn:aws:s3:::vault/*',
    };
    expect(decide({}, [notResource]).allowed).toBe(true);
    expect(decide({ resource: 'arn:aws:s3:::vault/x' }, [notResource]).allowed).toBe(false);
  });

  test('a deny with NotPrincipal spares only the principals it names', () => {
    expect(decide({}, [allowGet], [denyAllBut(ROLE)]).allowed).toBe(true);
    expect(decide({}, [allowGet], [denyAllBut(`arn:aws:iam::${ISV}:role/other`)]).allowed).toBe(false);
  });

  test('every decision is handed to the observer', () => {
    const seen: string[] = [];
    const authorizer = createAuthorizer(createRoles(), (request, decision) =>
      seen.push(`${request.action} ${decision.allowed}`),
    );
    authorizer.decide({ principal: role, action: 'sqs:SendMessage', resource: 'q', resourceAccountId: ISV });
    expect(seen).toEqual(['sqs:SendMessage false']);
  });
});
