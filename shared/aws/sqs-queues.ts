/**
 * The queues. Jobs that are sent within a few milliseconds share requests, whoever sends them. The chunk queue is a
 * standard queue (at least once), in which a message group per tenant shares the work out fairly.
 */
import {
  ChangeMessageVisibilityCommand,
  SendMessageBatchCommand,
  type SendMessageBatchCommandOutput,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import DataLoader from 'dataloader';
import { StorageUnavailableError } from '../errors.ts';
import { encodeJob, type Job } from '../object/job.ts';
import type { JobQueue, Redelivery, UploadQueue } from '../ports/queues.ts';
import { inBatches } from './batches.ts';
import { mapStorageFailure } from './storage-failure.ts';

/** The most messages that SQS takes in one request. Ten jobs are far below the 1 MiB that it takes. */
export const JOBS_PER_REQUEST = 10;
const REQUESTS_AT_ONCE = 16;
/**
 * The longest time that a job waits for others. The plans of one batch of notifications are written at once, so their
 * jobs come within milliseconds.
 */
const LINGER_MS = 5;

export function sqsJobs(sqs: SQSClient, queueUrl: string): JobQueue {
  async function sendSome(jobs: readonly Job[]): Promise<('taken' | Error)[]> {
    const Entries = jobs.map((job, position) => ({
      Id: String(position),
      MessageBody: encodeJob(job),
      MessageGroupId: job.tenantId,
    }));
    const command = new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries });
    const send = async (): Promise<SendMessageBatchCommandOutput> => await sqs.send(command);
    const { Successful, Failed } = await mapStorageFailure('sqs:SendMessage', send);
    const taken = new Set(Successful?.map(({ Id }) => Id));
    return Entries.map(({ Id: ours }) =>
      taken.has(ours) ? 'taken' : notTaken(Failed?.find(({ Id }) => Id === ours)?.Code),
    );
  }
  const sendOne = sharingRequests(sendSome);
  return {
    async send(jobs, requestsAtOnce = REQUESTS_AT_ONCE) {
      await inBatches(jobs, { items: JOBS_PER_REQUEST, requestsAtOnce }, async (batch) => {
        await Promise.all(batch.map(sendOne));
      });
    },
  };
}

/** Returns a function that sends one job. Its request leaves when it is full, or `LINGER_MS` after its first job came. */
function sharingRequests(
  sendSome: (jobs: readonly Job[]) => Promise<readonly ('taken' | Error)[]>,
): (job: Job) => Promise<void> {
  let waiting = 0;
  let leave: (() => void) | undefined;
  const requests = new DataLoader(sendSome, {
    cache: false,
    maxBatchSize: JOBS_PER_REQUEST,
    // It is called before the first job of each request.
    batchScheduleFn(dispatch) {
      waiting = 0;
      const timer = setTimeout(dispatch, LINGER_MS);
      leave = () => {
        clearTimeout(timer);
        dispatch();
      };
    },
  });
  return async (job) => {
    const taken = requests.load(job);
    waiting += 1;
    if (waiting === JOBS_PER_REQUEST) leave?.();
    await taken;
  };
}

function notTaken(code = 'nothing'): StorageUnavailableError {
  return new StorageUnavailableError(`sqs:SendMessage did not take the message: it answered ${code}`);
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
