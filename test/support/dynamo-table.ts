/** A table of a DynamoDB that is asked over HTTP. */
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { documentClient } from '../../shared/aws/clients.ts';
import { openTable, type Table } from '../../shared/aws/table.ts';
import { clientConfig } from './services.ts';

/** A table that is also asked as it is. */
export interface RawTable extends Table {
  readonly client: DynamoDBDocumentClient;
  readonly name: string;
}

/** Creates it; by default with the state table's keys. */
export async function tableOf(
  services: { readonly endpoint: string },
  name: string = 'state',
  [partitionKey, sortKey]: readonly [string, string] = ['pk', 'sk'],
): Promise<RawTable> {
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
  const documents = documentClient(client);
  return { ...openTable(documents, name), client: documents, name };
}
