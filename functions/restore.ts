/** Invoked with `{ tenantId, key, destination? }`: decrypts one object of a tenant to a destination. */
import { branchKeyTable } from '../shared/aws/branch-key-table.ts';
import { dynamoDbClient, s3Client } from '../shared/aws/clients.ts';
import { dynamoTenants } from '../shared/aws/dynamo-tenants.ts';
import { dataPathKms } from '../shared/aws/data-path-kms.ts';
import { s3Destinations } from '../shared/aws/s3-destinations.ts';
import { s3Vault } from '../shared/aws/s3-vault.ts';
import { perTenant } from '../shared/envelope/kms/kms-rate.ts';
import { materialsCache } from '../shared/envelope/cache/materials-cache.ts';
import { kmsCallsPerSecond, name, readConfig, tenantMetrics } from '../shared/lambda/config.ts';
import { count, logger } from '../shared/lambda/observe.ts';
import { countCacheEvent, keyUseLog } from '../shared/lambda/key-use-log.ts';
import { revocationLog } from '../shared/lambda/revocation-log.ts';
import { type Handler, lambda } from '../shared/lambda/stack.ts';
import { parseRequest } from '../shared/restore/request.ts';
import { restore, type Restored } from '../shared/restore/restore.ts';
import { createGuard } from '../shared/revocation/guard.ts';

const config = readConfig({
  STATE_TABLE: name,
  KEY_STORE_TABLE: name,
  VAULT_BUCKET: name,
  RESTORE_BUCKET: name,
  KMS_CALLS_PER_SECOND: kmsCallsPerSecond,
  TENANT_METRICS: tenantMetrics,
});

const s3 = s3Client();
const tenants = dynamoTenants({ client: dynamoDbClient(), name: config.STATE_TABLE });
const cache = materialsCache({ onEvent: countCacheEvent });
const ports = {
  tenants,
  vault: s3Vault(s3, config.VAULT_BUCKET),
  destinations: s3Destinations(s3),
  keys: {
    kms: perTenant(dataPathKms(), { callsPerSecond: config.KMS_CALLS_PER_SECOND }),
    branchKeys: branchKeyTable(config.KEY_STORE_TABLE),
    cache,
    recordUse: keyUseLog(config.TENANT_METRICS),
  },
  guard: createGuard({ tenants, cache, now: () => new Date(), revocations: revocationLog }),
};
const buckets = { restoreBucket: config.RESTORE_BUCKET, vaultBucket: config.VAULT_BUCKET };

export const handler: Handler<unknown, Restored> = lambda(async (event, signal) => {
  const restored = await restore(parseRequest(event, buckets), ports, signal);
  count('ObjectRestored');
  logger.info('object restored', { tenantId: restored.tenantId, sizeBytes: restored.sizeBytes });
  return restored;
});
