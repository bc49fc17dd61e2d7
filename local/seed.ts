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
import { keyPolicy } from '../onboarding/key-policy.ts';
import { tenantItem } from '../shared/aws/state-table.ts';
import { type Tenant, tenantSchema } from '../shared/tenant/tenant.ts';

export interface SeedTarget {
  readonly endpoint: string;
  readonly region: string;
  /** The ISV's account. */
  readonly accountId: string;
  readonly stateTable: string;
  /** The names of the roles that tenants grant. */
  readonly encryptRole: string;
  readonly restoreRole: string;
}

export interface SeededTenant {
  readonly tenantId: string;
  readonly accountId: string;
  readonly kekArn: string;
}

const TENANT_ACCOUNTS = { acme: '111111111111', globex: '222222222222', initech: '333333333333' } as const;

export async function seed(target: SeedTarget): Promise<readonly SeededTenant[]> {
  const tenants = Object.entries(TENANT_ACCOUNTS);
  return await Promise.all(
    tenants.map(async ([tenantId, account]) => await seedTenant(target, tenantId, account)),
  );
}

async function seedTenant(target: SeedTarget, tenantId: string, accountId: string): Promise<SeededTenant> {
  const kekArn = await ensureKek(target, tenantId, accountId);
  await register(target, { tenantId, kekArn, keyMode: 'per-chunk', status: 'active', epoch: 1 });
  return { tenantId, accountId, kekArn };
}

async function ensureKek(target: SeedTarget, tenantId: string, accountId: string): Promise<string> {
  const kms = new KMSClient(clientConfig(target, accountId));
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
    encryptRoleArn: `arn:aws:iam::${target.accountId}:role/${target.encryptRole}`,
    restoreRoleArn: `arn:aws:iam::${target.accountId}:role/${target.restoreRole}`,
  });
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Policy: JSON.stringify(policy) }));
  await kms.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: KeyMetadata?.KeyId }));
  return KeyMetadata?.Arn ?? '';
}

async function register(target: SeedTarget, record: unknown): Promise<void> {
  const tenant: Tenant = tenantSchema.parse(record);
  const table = DynamoDBDocumentClient.from(new DynamoDBClient(clientConfig(target, target.accountId)));
  const command = new PutCommand({
    TableName: target.stateTable,
    Item: { ...tenantItem(tenant.tenantId), ...tenant },
    ConditionExpression: 'attribute_not_exists(pk)',
  });
  try {
    await table.send(command);
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

function clientConfig({ endpoint, region }: SeedTarget, accountId: string) {
  return { endpoint, region, credentials: { accessKeyId: accountId, secretAccessKey: 'local' } };
}
