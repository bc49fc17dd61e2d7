import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import { ISV_ACCOUNT, REGION, STATE_TABLE } from '../../laptop/names.ts';

/** Returns the bytes of the largest row as JSON. As DynamoDB counts, without quotes and commas, it is a little smaller. */
export async function largestRowBytes(endpoint: string): Promise<number> {
  const credentials = { accessKeyId: ISV_ACCOUNT, secretAccessKey: 'local' };
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint, region: REGION, credentials }));
  let largest = 0;
  for await (const { Items = [] } of paginateScan({ client }, { TableName: STATE_TABLE }))
    largest = Math.max(largest, ...Items.map((row) => Buffer.byteLength(JSON.stringify(row))));
  return largest;
}
