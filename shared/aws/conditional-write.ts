/** Writes that DynamoDB makes only where a condition holds. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import type { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { StateTable } from './state-table.ts';

/** False when the condition was not met. */
export async function succeeds(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** The item as the update left it; undefined when the condition was not met. Precondition: it asks for ALL_NEW. */
export async function updatedItem(
  { client }: Pick<StateTable, 'client'>,
  update: UpdateCommand,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    return (await client.send(update)).Attributes ?? {};
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}
