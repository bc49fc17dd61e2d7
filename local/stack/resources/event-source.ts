/** The refusals of CreateEventSourceMapping, found at deployment as in AWS and not when messages fail to arrive. */
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { EventSourceMapping } from '../../lambda/event-source-mapping.ts';
import type { LambdaFunction } from '../../lambda/function.ts';
import { queueUrl, roleQueueClient } from '../../lambda/role-queue.ts';

/**
 * Asks for the queue's visibility timeout as the function's role, which therefore needs sqs:GetQueueAttributes.
 * @throws Error with AWS's words for an InvalidParameterValueException
 */
export async function checkMapping(
  { queueArn, batchSize, maximumBatchingWindowSeconds }: EventSourceMapping,
  fn: LambdaFunction,
  endpoint: string,
): Promise<void> {
  if (batchSize > 10 && maximumBatchingWindowSeconds === 0)
    throw new Error(
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    );
  const visibilitySeconds = await visibilityTimeout(queueArn, fn, endpoint);
  if (visibilitySeconds < fn.timeoutSeconds)
    throw new Error(
      `Queue visibility timeout: ${visibilitySeconds} seconds is less than Function timeout: ${fn.timeoutSeconds} seconds`,
    );
}

async function visibilityTimeout(queueArn: string, fn: LambdaFunction, endpoint: string): Promise<number> {
  const client = roleQueueClient(fn, endpoint);
  try {
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({
        QueueUrl: queueUrl(queueArn, endpoint),
        AttributeNames: ['VisibilityTimeout'],
      }),
    );
    return Number(Attributes?.['VisibilityTimeout']);
  } finally {
    client.destroy();
  }
}
