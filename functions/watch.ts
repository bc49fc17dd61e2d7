/**
 * Probes the tenants' keys, re-drives what is stuck, and unparks work whose key is back. A schedule invokes it every
 * minute.
 */
import {
  name,
  propagationSeconds,
  readConfig,
  stuckSeconds,
  unparkPerSecond,
} from '../shared/lambda/config.ts';
import { count, logger } from '../shared/lambda/observe.ts';
import { createHandler, type Handler } from '../shared/lambda/stack.ts';
import { watchPorts } from '../shared/wiring/aws-ports.ts';
import { watchFunction } from '../shared/wiring/watch.ts';

const config = readConfig({
  STATE_TABLE: name,
  INGEST_BUCKET: name,
  UPLOAD_QUEUE_URL: name,
  CHUNK_QUEUE_URL: name,
  PROPAGATION_SECONDS: propagationSeconds,
  UNPARK_PER_SECOND: unparkPerSecond,
  STUCK_SECONDS: stuckSeconds,
});
const watch = watchFunction(watchPorts(config), {
  propagationSeconds: config.PROPAGATION_SECONDS,
  unparkPerSecond: config.UNPARK_PER_SECOND,
  stuckSeconds: config.STUCK_SECONDS,
});

export const handler: Handler = createHandler(async (_event, signal) => {
  const summary = await watch(signal);
  count('Redriven', summary.redriven);
  logger.info('watched', { ...summary });
  return summary;
});
