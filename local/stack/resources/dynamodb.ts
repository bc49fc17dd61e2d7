/** AWS::DynamoDB::Table. */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  ResourceInUseException,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { boolean, type CreateResource, integer, physicalName, propertiesSchema } from './resource.ts';

const keySchema = z.array(z.strictObject({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));
const throughput = z.strictObject({ ReadCapacityUnits: integer, WriteCapacityUnits: integer });
const index = {
  IndexName: z.string(),
  KeySchema: keySchema,
  Projection: z.strictObject({
    ProjectionType: z.enum(['ALL', 'KEYS_ONLY', 'INCLUDE']).optional(),
    NonKeyAttributes: z.array(z.string()).optional(),
  }),
};

const tableProperties = propertiesSchema(
  {
    AttributeDefinitions: z.array(
      z.strictObject({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) }),
    ),
    BillingMode: z.enum(['PAY_PER_REQUEST', 'PROVISIONED']).optional(),
    GlobalSecondaryIndexes: z
      .array(z.strictObject({ ...index, ProvisionedThroughput: throughput.optional() }))
      .optional(),
    KeySchema: keySchema,
    LocalSecondaryIndexes: z.array(z.strictObject(index)).optional(),
    ProvisionedThroughput: throughput.optional(),
    TableName: z.string().optional(),
    TimeToLiveSpecification: z
      .strictObject({ AttributeName: z.string(), Enabled: boolean.default(true) })
      .optional(),
  },
  [
    'ContributorInsightsSpecification',
    'DeletionProtectionEnabled',
    'PointInTimeRecoverySpecification',
    'SSESpecification',
    'TableClass',
    'Tags',
  ],
);

export const createTable: CreateResource = async (logicalId, properties, context) => {
  const { dynamodb } = context.clients;
  const parsed = tableProperties.parse(properties);
  const { TableName = physicalName(logicalId, context), TimeToLiveSpecification } = parsed;
  await ensureTable(dynamodb, {
    TableName,
    AttributeDefinitions: parsed.AttributeDefinitions,
    BillingMode: parsed.BillingMode,
    GlobalSecondaryIndexes: parsed.GlobalSecondaryIndexes,
    KeySchema: parsed.KeySchema,
    LocalSecondaryIndexes: parsed.LocalSecondaryIndexes,
    ProvisionedThroughput: parsed.ProvisionedThroughput,
  });
  if (TimeToLiveSpecification) await ensureTimeToLive(dynamodb, TableName, TimeToLiveSpecification);
  return {
    ref: TableName,
    attributes: { Arn: `arn:aws:dynamodb:${context.region}:${context.accountId}:table/${TableName}` },
  };
};

async function ensureTable(dynamodb: DynamoDBClient, input: CreateTableCommandInput): Promise<void> {
  try {
    await dynamodb.send(new CreateTableCommand(input));
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  await waitUntilTableExists(
    { client: dynamodb, maxWaitTime: 30, minDelay: 1, maxDelay: 1 },
    { TableName: input.TableName },
  );
}

/** Sets the time to live only when it differs, because UpdateTimeToLive refuses to enable what is enabled. */
async function ensureTimeToLive(
  client: DynamoDBClient,
  TableName: string,
  TimeToLiveSpecification: { readonly AttributeName: string; readonly Enabled: boolean },
): Promise<void> {
  const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName }));
  const enabled = TimeToLiveDescription?.TimeToLiveStatus?.startsWith('ENABL') ?? false;
  if (enabled !== TimeToLiveSpecification.Enabled)
    await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
}
