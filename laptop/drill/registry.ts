/** The tenants' records as the ISV sees them: sets how their keys are used, watches them, counts what is parked. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { parkedItem, tenantItem } from '../../shared/aws/state-keys.ts';
import { type Tenant, tenantSchema } from '../../shared/tenant/tenant.ts';
import { tenantIdSchema } from '../../shared/tenant/tenant-id.ts';
import { ISV_ACCOUNT, REGION, STATE_TABLE } from '../names.ts';

export interface Registry {
  /** Strongly consistent. */
  tenant(tenantId: string): Promise<Tenant>;
  /** From the next read of the record on, the tenant's DEKs are cached so long. */
  cacheKeys(tenantId: string, maxKeyAgeSeconds: number): Promise<void>;
  parkedJobs(tenantId: string): Promise<number>;
}

export function registryOf(endpoint: string): Registry {
  const credentials = { accessKeyId: ISV_ACCOUNT, secretAccessKey: 'local' };
  const table = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint, region: REGION, credentials }));
  return {
    async tenant(tenantId) {
      const Key = tenantItem(tenantIdSchema.parse(tenantId));
      const { Item } = await table.send(
        new GetCommand({ TableName: STATE_TABLE, Key, ConsistentRead: true }),
      );
      return tenantSchema.parse(Item);
    },
    async cacheKeys(tenantId, maxKeyAgeSeconds) {
      await table.send(
        new UpdateCommand({
          TableName: STATE_TABLE,
          Key: tenantItem(tenantIdSchema.parse(tenantId)),
          UpdateExpression: 'SET keyMode = :cached, maxKeyAgeSeconds = :age',
          ExpressionAttributeValues: { ':cached': 'cached', ':age': maxKeyAgeSeconds },
        }),
      );
    },
    async parkedJobs(tenantId) {
      const { pk } = parkedItem(tenantIdSchema.parse(tenantId), '');
      const { Count = 0 } = await table.send(
        new QueryCommand({
          TableName: STATE_TABLE,
          KeyConditionExpression: 'pk = :parked',
          ExpressionAttributeValues: { ':parked': pk },
          Select: 'COUNT',
          ConsistentRead: true,
        }),
      );
      return Count;
    },
  };
}
