/**
 * Seeds the local AWS: three tenants, each with an account and a KEK of its own, whose events it forwards to us,
 * registered in the ISV's state table. Seeding again changes nothing.
 */
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  KMSClient,
  NotFoundException,
} from '@aws-sdk/client-kms';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { forwardKeyEvents } from './forward-key-events.ts';
import type { Roles } from '../local/iam/roles.ts';
import { ISV_ACCOUNT, REGION, ROLE_ARNS, STATE_TABLE } from './names.ts';
import { keyPolicy } from '../shared/handover/key-policy.ts';
import { dynamoTenants } from '../shared/aws/dynamo-tenants.ts';
import { openTable } from '../shared/aws/table.ts';
import { tenantSchema } from '../shared/tenant/tenant.ts';

export interface SeededTenant {
  readonly tenantId: string;
  readonly accountId: string;
  readonly kekArn: string;
}

/** The tenant whose key may also wrap branch keys, so that a change of the key mode can be tried with it. */
const OF_EVERY_MODE = 'initech';

const TENANT_ACCOUNTS = { acme: '111111111111', globex: '222222222222', initech: '333333333333' } as const;

/** `roles` gets the roles of the tenants' accounts. */
export async function seed(endpoint: string, roles: Roles): Promise<readonly SeededTenant[]> {
  return await Promise.all(
    Object.entries(TENANT_ACCOUNTS).map(async ([tenantId, accountId]) => {
      const kekArn = await ensureKek(endpoint, tenantId, accountId);
      await forwardKeyEvents(endpoint, kekArn, roles);
      await register(endpoint, tenantId, kekArn);
      return { tenantId, accountId, kekArn };
    }),
  );
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
    ...ROLE_ARNS,
    keyModes: tenantId === OF_EVERY_MODE ? ['per-chunk', 'hierarchical'] : ['per-chunk'],
  });
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Policy: JSON.stringify(policy) }));
  await kms.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: KeyMetadata?.KeyId }));
  return KeyMetadata?.Arn ?? '';
}

async function register(endpoint: string, tenantId: string, kekArn: string): Promise<void> {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(clientConfig(endpoint, ISV_ACCOUNT)));
  const signal = { name: 'registered', at: new Date().toISOString() };
  const tenant = tenantSchema.parse({ tenantId, kekArn, status: 'active', epoch: 1, signal });
  await dynamoTenants(openTable(client, STATE_TABLE)).register(tenant);
}

function clientConfig(endpoint: string, accountId: string) {
  return { endpoint, region: REGION, credentials: { accessKeyId: accountId, secretAccessKey: 'local' } };
}
