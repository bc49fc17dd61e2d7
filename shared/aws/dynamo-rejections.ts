/** Work that can never be done, in one partition of the state table, by time: an operator lists it with one Query. */
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Rejection } from '../ports/state.ts';
import { succeeds } from './conditional-write.ts';
import { rejectionItem, type StateTable } from './state-table.ts';
import { storing } from './storage-failure.ts';

/** Idempotent: of a message that is rejected again the first rejection stays as it is. */
export async function putRejection({ client, name }: StateTable, rejection: Rejection): Promise<void> {
  const command = new PutCommand({
    TableName: name,
    Item: { ...rejectionItem(rejection), ...rejection },
    ConditionExpression: 'attribute_not_exists(pk)',
  });
  await storing('dynamodb:PutItem', async () => await succeeds(client.send(command)));
}
