import type { CreateGrantCommandInput, GenerateDataKeyCommandOutput, KMS } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PolicyStatement } from '../../../local/iam/authorizer.ts';
import { ISV, type KmsServer, newKey, present, refusal, startKms, TENANT } from './kms-server.ts';

const ENCRYPT_ROLE = `arn:aws:iam::${ISV}:role/encrypt`;
const ADMIN_ROLE = `arn:aws:iam::${TENANT}:role/admin`;

let server: KmsServer;
let tenant: KMS;
let encrypt: KMS;
let restore: KMS;

beforeAll(async () => {
  server = await startKms();
  tenant = server.client(TENANT);
  encrypt = server.client(`${ISV}.encrypt`);
  restore = server.client(`${ISV}.restore`);
  allow(ENCRYPT_ROLE, ['kms:GenerateDataKey', 'kms:CreateGrant', 'kms:RetireGrant']);
  allow(`arn:aws:iam::${ISV}:role/restore`, ['kms:Decrypt']);
  allow(ADMIN_ROLE, ['kms:DescribeKey']);
});
afterAll(() => server.close());

function allow(role: string, actions: readonly string[]): void {
  const statement: PolicyStatement = { Effect: 'Allow', Action: actions, Resource: '*' };
  server.roles.put(role, [{ Version: '2012-10-17', Statement: statement }]);
}

const root: PolicyStatement = {
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${TENANT}:root` },
  Action: 'kms:*',
  Resource: '*',
};

function forTenant(tenantId: string, principal: string = ISV): PolicyStatement {
  return {
    Effect: 'Allow',
    Principal: { AWS: principal },
    Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
    Resource: '*',
    Condition: { StringEquals: { 'kms:EncryptionContext:tenant-id': tenantId } },
  };
}

function policy(...Statement: PolicyStatement[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

function generate(client: KMS, KeyId: string, tenantId: string): Promise<GenerateDataKeyCommandOutput> {
  return client.generateDataKey({ KeyId, KeySpec: 'AES_256', EncryptionContext: { 'tenant-id': tenantId } });
}

describe('key policies across accounts', () => {
  test('the condition on the encryption context decides', async () => {
    const key = await newKey(tenant, { Policy: policy(root, forTenant('acme', ENCRYPT_ROLE)) });
    await expect(generate(encrypt, key, 'acme')).resolves.toMatchObject({ KeyId: key });
    expect(await refusal(generate(encrypt, key, 'other'))).toBe('AccessDeniedException');
    const bare = encrypt.generateDataKey({ KeyId: key, KeySpec: 'AES_256' });
    expect(await refusal(bare)).toBe('AccessDeniedException');
  });

  test('the role needs its own permission too', async () => {
    const key = await newKey(tenant, { Policy: policy(root, forTenant('acme')) });
    const { CiphertextBlob } = await generate(encrypt, key, 'acme');
    const request = { CiphertextBlob: present(CiphertextBlob), EncryptionContext: { 'tenant-id': 'acme' } };
    expect(await refusal(encrypt.decrypt(request))).toBe('AccessDeniedException');
    await expect(restore.decrypt(request)).resolves.toMatchObject({ KeyId: key });
    expect(await refusal(generate(restore, key, 'acme'))).toBe('AccessDeniedException');
  });

  test('a key that names nobody of another account admits nobody', async () => {
    const key = await newKey(tenant);
    await expect(generate(encrypt, key, 'acme')).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('is not authorized to perform: kms:GenerateDataKey'),
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('administration stays in the account of the key, whatever its policy says', async () => {
    const everyone: PolicyStatement = { ...root, Principal: '*' };
    const key = await newKey(tenant, { Policy: policy(everyone) });
    const foreign = server.client(ISV);
    expect(await refusal(foreign.disableKey({ KeyId: key }))).toBe('AccessDeniedException');
    expect(await refusal(foreign.getKeyPolicy({ KeyId: key }))).toBe('AccessDeniedException');
    await expect(foreign.describeKey({ KeyId: key })).resolves.toBeDefined();
  });

  test('permission is checked before the state of the key', async () => {
    const key = await newKey(tenant);
    await tenant.disableKey({ KeyId: key });
    expect(await refusal(generate(encrypt, key, 'acme'))).toBe('AccessDeniedException');
    expect(await refusal(generate(tenant, key, 'acme'))).toBe('DisabledException');
  });
});

describe('key policies within the account', () => {
  test('the default policy leaves it to identity policies', async () => {
    const key = await newKey(tenant);
    const admin = server.client(`${TENANT}.admin`);
    await expect(admin.describeKey({ KeyId: key })).resolves.toBeDefined();
    expect(await refusal(admin.disableKey({ KeyId: key }))).toBe('AccessDeniedException');
  });

  test('a policy that would lock its author out is malformed, unless the author insists', async () => {
    const key = await newKey(tenant);
    const Policy = policy({ ...root, Principal: { AWS: ADMIN_ROLE } });
    expect(await refusal(tenant.putKeyPolicy({ KeyId: key, Policy }))).toBe(
      'MalformedPolicyDocumentException',
    );
    await tenant.putKeyPolicy({ KeyId: key, Policy, BypassPolicyLockoutSafetyCheck: true });
    expect(await refusal(tenant.getKeyPolicy({ KeyId: key }))).toBe('AccessDeniedException');
  });

  test.each([
    '{',
    '{"Statement":[{"Effect":"Maybe"}]}',
    policy({ ...root, Condition: { StringEqual: { a: 'b' } } }),
    policy({ ...root, Principal: { AWS: 'arn:aws:iam::1:role/x' } }),
  ])('%s is no key policy', async (Policy) => {
    expect(await refusal(tenant.createKey({ Policy }))).toBe('MalformedPolicyDocumentException');
  });

  test('a policy reads back as it was put', async () => {
    const key = await newKey(tenant);
    const Policy = policy(root, forTenant('acme'));
    await tenant.putKeyPolicy({ KeyId: key, Policy });
    expect((await tenant.getKeyPolicy({ KeyId: key })).Policy).toBe(Policy);
  });
});

function grant(KeyId: string): CreateGrantCommandInput {
  return {
    KeyId,
    GranteePrincipal: ENCRYPT_ROLE,
    Operations: ['GenerateDataKey'],
    Constraints: { EncryptionContextSubset: { 'tenant-id': 'acme' } },
    Name: 'uploads',
  };
}

describe('grants', () => {
  test('admit their grantee under their constraints, until revoked', async () => {
    const key = await newKey(tenant);
    const { GrantId } = await tenant.createGrant(grant(key));
    await expect(generate(encrypt, key, 'acme')).resolves.toBeDefined();
    expect(await refusal(generate(encrypt, key, 'other'))).toBe('AccessDeniedException');
    const { Grants } = await tenant.listGrants({ KeyId: key });
    expect(Grants).toMatchObject([
      { GrantId, GranteePrincipal: ENCRYPT_ROLE, Operations: ['GenerateDataKey'] },
    ]);
    await tenant.revokeGrant({ KeyId: key, GrantId });
    expect(await refusal(generate(encrypt, key, 'acme'))).toBe('AccessDeniedException');
    expect(await refusal(tenant.revokeGrant({ KeyId: key, GrantId }))).toBe('NotFoundException');
  });

  test('EncryptionContextEquals admits that context alone', async () => {
    const key = await newKey(tenant);
    const Constraints = { EncryptionContextEquals: { 'tenant-id': 'acme' } };
    await tenant.createGrant({ ...grant(key), Constraints });
    await expect(generate(encrypt, key, 'acme')).resolves.toBeDefined();
    const more = encrypt.generateDataKey({
      KeyId: key,
      KeySpec: 'AES_256',
      EncryptionContext: { 'tenant-id': 'acme', extra: '1' },
    });
    expect(await refusal(more)).toBe('AccessDeniedException');
  });

  test('a named grant made twice is one grant', async () => {
    const key = await newKey(tenant);
    const first = await tenant.createGrant(grant(key));
    expect((await tenant.createGrant(grant(key))).GrantId).toBe(first.GrantId);
  });

  test('an explicit deny in the key policy wins over a grant', async () => {
    const deny: PolicyStatement = { ...forTenant('acme'), Effect: 'Deny' };
    const key = await newKey(tenant, { Policy: policy(root, deny) });
    await tenant.createGrant(grant(key));
    expect(await refusal(generate(encrypt, key, 'acme'))).toBe('AccessDeniedException');
  });

  test('only its retiring principal retires a grant by token', async () => {
    const key = await newKey(tenant);
    const { GrantToken } = await tenant.createGrant({ ...grant(key), RetiringPrincipal: ENCRYPT_ROLE });
    expect(await refusal(restore.retireGrant({ GrantToken }))).toBe('AccessDeniedException');
    expect(await refusal(encrypt.retireGrant({ GrantToken, DryRun: true }))).toBe('DryRunOperationException');
    await encrypt.retireGrant({ GrantToken });
    expect((await tenant.listGrants({ KeyId: key })).Grants).toEqual([]);
  });

  test('a grant token makes a grant count before it has propagated', async () => {
    const key = await newKey(tenant);
    server.kms.setPropagationDelay(60);
    const { GrantToken } = await tenant.createGrant(grant(key));
    expect(await refusal(generate(encrypt, key, 'acme'))).toBe('AccessDeniedException');
    const withToken = encrypt.generateDataKey({
      KeyId: key,
      KeySpec: 'AES_256',
      EncryptionContext: { 'tenant-id': 'acme' },
      GrantTokens: [present(GrantToken)],
    });
    await expect(withToken).resolves.toBeDefined();
    server.kms.setPropagationDelay(0);
  });
});

describe('the call log', () => {
  test('tells who used which key for what, and how it ended', async () => {
    const key = await newKey(tenant, { Policy: policy(root, forTenant('acme')) });
    server.kms.clearCalls();
    await generate(encrypt, key, 'acme');
    await refusal(generate(encrypt, key, 'other'));
    expect(server.kms.calls()).toMatchObject([
      {
        operation: 'GenerateDataKey',
        roleArn: ENCRYPT_ROLE,
        keyArn: key,
        encryptionContext: { 'tenant-id': 'acme' },
        dryRun: false,
        outcome: 'Success',
      },
      { operation: 'GenerateDataKey', keyArn: key, outcome: 'AccessDeniedException' },
    ]);
  });
});
