/** Encrypts small objects and chunks into the vault, and seals the object whose last chunk it wrote. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { kmsCallsPerSecond, name, readConfig, tenantMetrics } from '../shared/lambda/config.ts';
import { count, logger } from '../shared/lambda/observe.ts';
import { handleRecords } from '../shared/lambda/queue.ts';
import { createHandler, type Handler } from '../shared/lambda/stack.ts';
import { encryptPorts } from '../shared/wiring/aws-ports.ts';
import { encryptFunction } from '../shared/wiring/encrypt.ts';

const config = readConfig({
  STATE_TABLE: name,
  KEY_STORE_TABLE: name,
  CHUNK_QUEUE_URL: name,
  VAULT_BUCKET: name,
  KMS_CALLS_PER_SECOND: kmsCallsPerSecond,
  TENANT_METRICS: tenantMetrics,
});
const { work, queue } = encryptFunction(encryptPorts(config), {
  kmsCallsPerSecond: config.KMS_CALLS_PER_SECOND,
});

export const handler: Handler<SQSEvent, SQSBatchResponse> = createHandler(async (event, signal) => {
  async function encrypt(body: string): Promise<void> {
    const { tenantId, objectId, chunk, outcome, objectSealed } = await work(body, signal);
    if (chunk !== undefined) count('ChunkEncrypted');
    if (objectSealed) count('ObjectSealed');
    if (outcome === 'superseded') count('ObjectSuperseded');
    logger.info(`${chunk === undefined ? 'object' : 'chunk'} encrypted`, {
      tenantId,
      objectId,
      ...chunk,
      outcome,
      objectSealed,
    });
  }
  return await handleRecords(event, encrypt, queue);
});
