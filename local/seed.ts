/**
 * Seeds the local AWS: three tenants, each with an account and a KEK of its own, registered in the ISV's state
 * table. Seeding again changes nothing.
 */
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  KMSClient,
  NotFoundException,
} from '@aws-sdk/client-kms';
import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { CONTROL_ROLE, ENCRYPT_ROLE, ISV_ACCOUNT, REGION, RESTORE_ROLE, STATE_TABLE } from './names.ts';
import { keyPolicy } from '../onboarding/key-policy.ts';
import { tenantItem } from '../shared/aws/state-table.ts';
import { type Tenant, tenantSchema } from '../shared/tenant/tenant.ts';

export interface SeededTenant {
  readonly tenantId: string;
  readonly accountId: string;
  readonly kekArn: string;
}

const TENANT_ACCOUNTS = { acme: '111111111111', globex: '222222222222', initech: '333333333333' } as const;

export async function seed(endpoint: string): Promise<readonly SeededTenant[]> {
  const tenants = Object.entries(TENANT_ACCOUNTS);
  return await Promise.all(
    tenants.map(async ([tenantId, account]) => await seedTenant(endpoint, tenantId, account)),
  );
}

async function seedTenant(endpoint: string, tenantId: string, accountId: string): Promise<SeededTenant> {
  const kekArn = await ensureKek(endpoint, tenantId, accountId);
  const signal = { name: 'registered', at: new Date().toISOString() };
  await register(endpoint, { tenantId, kekArn, status: 'active', epoch: 1, signal });
  return { tenantId, accountId, kekArn };
}

async function ensureKek(endpoint: string, tenantId: string, accountId: string): Promise<string> {
  const kms = new KMSClient(clientConfig(endpoint, accountId));
  const alias = 'alias/sealstream';
  try {
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: alias }));
    return KeyMetadata?.Arn ?? '';
  } catch (error) {
    if (!(error instanceof NotFoundException)) throw error;
  }
  const policy = keyPolicy({
    tenantId,
    tenantAccountId: accountId,
    encryptRoleArn: `arn:aws:iam::${ISV_ACCOUNT}:role/${ENCRYPT_ROLE}`,
    restoreRoleArn: `arn:aws:iam::${ISV_ACCOUNT}:role/${RESTORE_ROLE}`,
    controlRoleArn: `arn:aws:iam::${ISV_ACCOUNT}:role/${CONTROL_ROLE}`,
  });
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Policy: JSON.stringify(policy) }));
  await kms.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: KeyMetadata?.KeyId }));
  return KeyMetadata?.Arn ?? '';
}

async function register(endpoint: string, record: unknown): Promise<void> {
  const tenant: Tenant = tenantSchema.parse(record);
  const table = DynamoDBDocumentClient.from(new DynamoDBClient(clientConfig(endpoint, ISV_ACCOUNT)));
  const command = new PutCommand({
    TableName: STATE_TABLE,
    Item: { ...tenantItem(tenant.tenantId), ...tenant },
    ConditionExpression: 'attribute_not_exists(pk)',
  });
  try {
    await table.send(command);
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

function clientConfig(endpoint: string, accountId: string) {
  return { endpoint, region: REGION, credentials: { accessKeyId: accountId, secretAccessKey: 'local' } };
}
