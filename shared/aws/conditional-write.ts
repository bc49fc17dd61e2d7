/** The answers of writes that DynamoDB makes only where a condition holds. */
import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';

/** Returns undefined when the condition did not hold. */
export async function unlessFailed<Answer>(write: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}

export async function itemInTheWay(
  write: Promise<unknown>,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    await write;
    return undefined;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException && error.Item !== undefined)
      return unmarshall(error.Item);
    throw error;
  }
}

/** Returns false when a condition did not hold. Any other cancellation is contention or throttling, and is thrown. */
export async function isWritten(transaction: Promise<unknown>): Promise<boolean> {
  try {
    await transaction;
    return true;
  } catch (error) {
    const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];
    if (reasons.some(({ Code }) => Code === 'ConditionalCheckFailed')) return false;
    throw error;
  }
}
