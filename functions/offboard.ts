/**
 * Serves tenants that pause or go. Somebody invokes it with `{ action: 'suspend' | 'resume' | 'remove', tenantId, … }`.
 */
import { name, propagationSeconds, readConfig } from '../shared/lambda/config.ts';
import { logger } from '../shared/lambda/observe.ts';
import { createHandler, type Handler } from '../shared/lambda/stack.ts';
import { offboardPorts } from '../shared/wiring/aws-ports.ts';
import { offboardFunction } from '../shared/wiring/offboard.ts';

const config = readConfig({
  STATE_TABLE: name,
  KEY_STORE_TABLE: name,
  INGEST_BUCKET: name,
  VAULT_BUCKET: name,
  PROPAGATION_SECONDS: propagationSeconds,
});
const { parse, answer } = offboardFunction(offboardPorts(config), {
  propagationSeconds: config.PROPAGATION_SECONDS,
});

export const handler: Handler = createHandler(async (event, signal) => {
  const request = parse(event);
  logger.info('asked to offboard', { action: request.action, tenantId: request.tenantId });
  return await answer(request, signal);
});
