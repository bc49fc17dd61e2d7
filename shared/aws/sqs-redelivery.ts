/** When a message that was not done comes back. */
import { ChangeMessageVisibilityCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Redelivery } from '../lambda/queue.ts';
import { storing } from './storage-failure.ts';

export function sqsRedelivery(sqs: SQSClient, queueUrl: string): Redelivery {
  return {
    async delay({ receiptHandle }, seconds) {
      const command = new ChangeMessageVisibilityCommand({
        QueueUrl: queueUrl,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: seconds,
      });
      await storing('sqs:ChangeMessageVisibility', async () => await sqs.send(command));
    },
    async requeue({ body, attributes }, seconds) {
      const command = new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: body,
        DelaySeconds: seconds,
        MessageGroupId: attributes.MessageGroupId,
      });
      await storing('sqs:SendMessage', async () => await sqs.send(command));
    },
  };
}
