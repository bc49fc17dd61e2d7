/** Jobs of the chunk queue: encrypts each chunk into the vault, and seals the object whose last chunk it wrote. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { branchKeyTable } from '../shared/aws/branch-key-table.ts';
import { dynamoDbClient, s3Client, sqsClient } from '../shared/aws/clients.ts';
import { dynamoParking } from '../shared/aws/dynamo-parking.ts';
import { dynamoState } from '../shared/aws/dynamo-state.ts';
import { dynamoTenants } from '../shared/aws/dynamo-tenants.ts';
import { dataPathKms } from '../shared/aws/data-path-kms.ts';
import { s3Sources } from '../shared/aws/s3-sources.ts';
import { s3Vault } from '../shared/aws/s3-vault.ts';
import { sqsRedelivery } from '../shared/aws/sqs-redelivery.ts';
import { encryptChunk } from '../shared/encrypt/encrypt-chunk.ts';
import { perTenant } from '../shared/envelope/kms/kms-rate.ts';
import { materialsCache } from '../shared/envelope/cache/materials-cache.ts';
import { admission } from '../shared/lambda/admission.ts';
import { kmsCallsPerSecond, name, readConfig, tenantMetrics } from '../shared/lambda/config.ts';
import { count, logger } from '../shared/lambda/observe.ts';
import { countCacheEvent, keyUseLog } from '../shared/lambda/key-use-log.ts';
import { handleRecords } from '../shared/lambda/queue.ts';
import { revocationLog } from '../shared/lambda/revocation-log.ts';
import { type Handler, lambda } from '../shared/lambda/stack.ts';
import { createGuard } from '../shared/revocation/guard.ts';

const config = readConfig({
  STATE_TABLE: name,
  KEY_STORE_TABLE: name,
  CHUNK_QUEUE_URL: name,
  VAULT_BUCKET: name,
  KMS_CALLS_PER_SECOND: kmsCallsPerSecond,
  TENANT_METRICS: tenantMetrics,
});

const s3 = s3Client();
const table = { client: dynamoDbClient(), name: config.STATE_TABLE };
const state = dynamoState(table);
const cache = materialsCache({ onEvent: countCacheEvent });
const now = (): Date => new Date();
const ports = {
  state,
  sources: s3Sources(s3),
  vault: s3Vault(s3, config.VAULT_BUCKET),
  keys: {
    kms: perTenant(dataPathKms(), { callsPerSecond: config.KMS_CALLS_PER_SECOND }),
    branchKeys: branchKeyTable(config.KEY_STORE_TABLE),
    cache,
    recordUse: keyUseLog(config.TENANT_METRICS),
  },
  guard: createGuard({ tenants: dynamoTenants(table), cache, now, revocations: revocationLog }),
  admit: admission(),
  now,
};
const queue = {
  redelivery: sqsRedelivery(sqsClient(), config.CHUNK_QUEUE_URL),
  state,
  parking: dynamoParking(table),
  functionName: 'encrypt',
};

export const handler: Handler<SQSEvent, SQSBatchResponse> = lambda(
  async (event, signal) =>
    await handleRecords(
      event,
      async (body) => {
        const { plan, chunkIndex, chunk, objectSealed } = await encryptChunk(body, ports, signal);
        const { tenantId, objectId, generation } = plan;
        count('ChunkEncrypted');
        if (objectSealed) count('ObjectSealed');
        logger.info('chunk encrypted', { tenantId, objectId, generation, chunkIndex, chunk, objectSealed });
      },
      queue,
    ),
);
