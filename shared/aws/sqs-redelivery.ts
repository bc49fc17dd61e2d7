/** When a message that was not done comes back. */
import { ChangeMessageVisibilityCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Redelivery } from '../ports/queues.ts';
import { mapStorageFailure } from './storage-failure.ts';

export function sqsRedelivery(sqs: SQSClient, queueUrl: string): Redelivery {
  return {
    async delay({ receiptHandle }, seconds) {
      const command = new ChangeMessageVisibilityCommand({
        QueueUrl: queueUrl,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: seconds,
      });
      await mapStorageFailure('sqs:ChangeMessageVisibility', async () => await sqs.send(command));
    },
  };
}
