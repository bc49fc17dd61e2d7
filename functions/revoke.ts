/** Revokes and re-activates tenants by what happens to their keys. Their accounts forward the events that invoke it. */
import { name, propagationSeconds, readConfig, unparkPerSecond } from '../shared/lambda/config.ts';
import { createHandler, type Handler } from '../shared/lambda/stack.ts';
import { revokePorts } from '../shared/wiring/aws-ports.ts';
import { revokeFunction } from '../shared/wiring/revoke.ts';

const config = readConfig({
  STATE_TABLE: name,
  KEY_STORE_TABLE: name,
  CHUNK_QUEUE_URL: name,
  PROPAGATION_SECONDS: propagationSeconds,
  UNPARK_PER_SECOND: unparkPerSecond,
});

/** Throws every failure: Lambda delivers the event twice more, and then moves it to the dead-letter queue. */
export const handler: Handler = createHandler(
  revokeFunction(revokePorts(config), {
    propagationSeconds: config.PROPAGATION_SECONDS,
    unparkPerSecond: config.UNPARK_PER_SECOND,
  }),
);
