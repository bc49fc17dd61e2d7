/**
 * The queues. The chunk queue is a standard queue (at least once), in which a message group per tenant shares the work
 * out fairly.
 */
import {
  ChangeMessageVisibilityCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { StorageUnavailableError } from '../errors.ts';
import type { Job } from '../object/job.ts';
import type { JobQueue, Redelivery, UploadQueue } from '../ports/queues.ts';
import { inBatches } from './batches.ts';
import { mapStorageFailure } from './storage-failure.ts';

/** The most messages that SQS takes in one request. */
export const JOBS_PER_REQUEST = 10;
const REQUESTS_AT_ONCE = 16;

export function sqsJobs(sqs: SQSClient, queueUrl: string): JobQueue {
  async function sendSome(jobs: readonly Job[]): Promise<void> {
    const Entries = jobs.map((job, position) => ({
      Id: String(position),
      MessageBody: JSON.stringify(job),
      MessageGroupId: job.tenantId,
    }));
    const command = new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries });
    const { Failed = [] } = await mapStorageFailure('sqs:SendMessage', async () => await sqs.send(command));
    if (Failed.length > 0)
      throw new StorageUnavailableError(`sqs:SendMessage did not take every message: ${Failed[0]?.Code}`);
  }
  return {
    async send(jobs, requestsAtOnce = REQUESTS_AT_ONCE) {
      await inBatches(jobs, { items: JOBS_PER_REQUEST, requestsAtOnce }, sendSome);
    },
  };
}

export function sqsUploads(sqs: SQSClient, queueUrl: string): UploadQueue {
  return {
    async send(notification) {
      const command = new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: notification });
      await mapStorageFailure('sqs:SendMessage', async () => await sqs.send(command));
    },
  };
}

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
