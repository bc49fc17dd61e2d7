/** Writes that DynamoDB makes only where a condition holds. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';

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
