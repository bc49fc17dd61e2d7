/** Plans the uploads that the ingest bucket notifies us of, one job per chunk, or one per small object. The upload queue invokes it. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { chunkBytes, inlineBytes, name, readConfig } from '../shared/lambda/config.ts';
import { count, logger } from '../shared/lambda/observe.ts';
import { handleRecords } from '../shared/lambda/queue.ts';
import { createHandler, type Handler } from '../shared/lambda/stack.ts';
import { ingestPorts } from '../shared/wiring/aws-ports.ts';
import { ingestFunction } from '../shared/wiring/ingest.ts';

const config = readConfig({
  STATE_TABLE: name,
  UPLOAD_QUEUE_URL: name,
  CHUNK_QUEUE_URL: name,
  CHUNK_BYTES: chunkBytes,
  INLINE_BYTES: inlineBytes,
});
const { work, queue } = ingestFunction(ingestPorts(config), {
  chunkBytes: config.CHUNK_BYTES,
  inlineBytes: config.INLINE_BYTES,
});

export const handler: Handler<SQSEvent, SQSBatchResponse> = createHandler(async (event, signal) => {
  async function plan(body: string): Promise<void> {
    for (const planned of await work(body, signal)) {
      const { tenantId, objectId, sizeBytes } = planned;
      count('ObjectPlanned');
      // A small object is no plan and has no chunks.
      const chunkCount = 'chunkCount' in planned ? planned.chunkCount : 0;
      logger.info('object planned', { tenantId, objectId, sizeBytes, chunkCount });
    }
  }
  return await handleRecords(event, plan, queue);
});
