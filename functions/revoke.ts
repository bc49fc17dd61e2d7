/** Events about the tenants' keys, as their accounts forward them: revokes and re-activates. */
import { dynamoDbClient } from '../shared/aws/clients.ts';
import { dynamoTenants } from '../shared/aws/dynamo-tenants.ts';
import { kmsProbe } from '../shared/aws/kms.ts';
import { name, readConfig } from '../shared/lambda/config.ts';
import { count, logger } from '../shared/lambda/observe.ts';
import { type Handler, lambda } from '../shared/lambda/stack.ts';
import { handleKeyEvent, type KeyEventOutcome } from '../shared/revocation/revoke.ts';

const config = readConfig({ STATE_TABLE: name });

const ports = {
  tenants: dynamoTenants({ client: dynamoDbClient(), name: config.STATE_TABLE }),
  kms: kmsProbe(),
  now: () => new Date(),
};

const METRICS = {
  revoked: 'TenantRevoked',
  active: 'TenantActivated',
  unchanged: 'KeyEventWithoutEffect',
} as const;

/** An outage is thrown: Lambda delivers the event twice more, then it goes to the dead-letter queue. */
export const handler: Handler<unknown, KeyEventOutcome> = lambda(async (event) => {
  const result = await handleKeyEvent(event, ports);
  count(result.outcome === 'ignored' ? `KeyEventIgnored:${result.reason}` : METRICS[result.outcome]);
  logger.info('key event', { ...result });
  return result;
});
