/** A table of a DynamoDB that is asked over HTTP. */
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { documentClient } from '../../shared/aws/clients.ts';
import type { StateTable } from '../../shared/aws/state-table.ts';
import { clientConfig } from './services.ts';

/** Creates it; by default with the state table's keys. */
export async function tableOf(
  services: { readonly endpoint: string },
  name: string = 'state',
  [partitionKey, sortKey]: readonly [string, string] = ['pk', 'sk'],
): Promise<StateTable> {
  const client = new DynamoDBClient(clientConfig(services));
  await client.send(
    new CreateTableCommand({
      TableName: name,
      AttributeDefinitions: [partitionKey, sortKey].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S',
      })),
      KeySchema: [
        { AttributeName: partitionKey, KeyType: 'HASH' },
        { AttributeName: sortKey, KeyType: 'RANGE' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  return { client: documentClient(client), name };
}
