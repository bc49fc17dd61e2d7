/** Decrypts one object of a tenant to a destination. Somebody invokes it with `{ tenantId, key, destination? }`. */
import { kmsCallsPerSecond, name, readConfig, tenantMetrics } from '../shared/lambda/config.ts';
import { count, logger } from '../shared/lambda/observe.ts';
import { createHandler, type Handler } from '../shared/lambda/stack.ts';
import { restorePorts } from '../shared/wiring/aws-ports.ts';
import { restoreFunction } from '../shared/wiring/restore.ts';

const config = readConfig({
  STATE_TABLE: name,
  KEY_STORE_TABLE: name,
  VAULT_BUCKET: name,
  RESTORE_BUCKET: name,
  KMS_CALLS_PER_SECOND: kmsCallsPerSecond,
  TENANT_METRICS: tenantMetrics,
});
const { parse, answer } = restoreFunction(restorePorts(config), {
  kmsCallsPerSecond: config.KMS_CALLS_PER_SECOND,
  restoreBucket: config.RESTORE_BUCKET,
  vaultBucket: config.VAULT_BUCKET,
});

export const handler: Handler = createHandler(async (event, signal) => {
  const restored = await answer(parse(event), signal);
  count('ObjectRestored');
  logger.info('object restored', { tenantId: restored.tenantId, sizeBytes: restored.sizeBytes });
  return restored;
});
