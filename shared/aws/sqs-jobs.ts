/** The chunk queue: standard, at least once; a message group per tenant shares it out fairly. */
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { StorageUnavailableError } from '../errors.ts';
import type { JobQueue } from '../ports/queues.ts';
import { mapStorageFailure } from './storage-failure.ts';

export function sqsJobs(sqs: SQSClient, queueUrl: string): JobQueue {
  return {
    async send(jobs) {
      const Entries = jobs.map((job, position) => ({
        Id: String(position),
        MessageBody: JSON.stringify(job),
        MessageGroupId: job.tenantId,
      }));
      const command = new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries });
      const { Failed = [] } = await mapStorageFailure('sqs:SendMessage', async () => await sqs.send(command));
      if (Failed.length > 0)
        throw new StorageUnavailableError(`sqs:SendMessage took not all: ${Failed[0]?.Code}`);
    },
  };
}
