/** Upload notifications of the ingest bucket, by way of their queue: plans each object, one job per chunk. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { dynamoDbClient, sqsClient } from '../shared/aws/clients.ts';
import { dynamoState } from '../shared/aws/dynamo-state.ts';
import { sqsJobs } from '../shared/aws/sqs-jobs.ts';
import { sqsRedelivery } from '../shared/aws/sqs-redelivery.ts';
import { planNotification } from '../shared/ingest/plan-upload.ts';
import { chunkBytes, name, readConfig } from '../shared/lambda/config.ts';
import { count, logger } from '../shared/lambda/observe.ts';
import { handleRecords } from '../shared/lambda/queue.ts';
import { type Handler, lambda } from '../shared/lambda/stack.ts';

const config = readConfig({
  STATE_TABLE: name,
  UPLOAD_QUEUE_URL: name,
  CHUNK_QUEUE_URL: name,
  CHUNK_BYTES: chunkBytes,
});

const sqs = sqsClient();
const state = dynamoState({ client: dynamoDbClient(), name: config.STATE_TABLE });
const ports = {
  state,
  jobs: sqsJobs(sqs, config.CHUNK_QUEUE_URL),
  chunkBytes: config.CHUNK_BYTES,
  now: () => new Date(),
};
const queue = {
  redelivery: sqsRedelivery(sqs, config.UPLOAD_QUEUE_URL),
  state,
  functionName: 'ingest',
};

export const handler: Handler<SQSEvent, SQSBatchResponse> = lambda(
  async (event, signal) =>
    await handleRecords(
      event,
      async (body) => {
        for (const { tenantId, objectId, sizeBytes, chunkCount } of await planNotification(
          body,
          ports,
          signal,
        )) {
          count('ObjectPlanned');
          logger.info('object planned', { tenantId, objectId, sizeBytes, chunkCount });
        }
      },
      queue,
    ),
);
