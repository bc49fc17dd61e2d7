/** The upload queue, for notifications that S3 owes us. */
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { UploadQueue } from '../ports/queues.ts';
import { mapStorageFailure } from './storage-failure.ts';

export function sqsUploads(sqs: SQSClient, queueUrl: string): UploadQueue {
  return {
    async send(notification) {
      const command = new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: notification });
      await mapStorageFailure('sqs:SendMessage', async () => await sqs.send(command));
    },
  };
}
