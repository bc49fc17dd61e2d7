/** Events about the tenants' keys, as their accounts forward them: revokes, re-activates and then unparks. */
import { branchKeyTable } from '../shared/aws/branch-key-table.ts';
import { dynamoDbClient, kmsClientPerRegion, sqsClient } from '../shared/aws/clients.ts';
import { dynamoHearings } from '../shared/aws/dynamo-hearings.ts';
import { dynamoLeases } from '../shared/aws/dynamo-leases.ts';
import { dynamoParking } from '../shared/aws/dynamo-parking.ts';
import { dynamoTenants } from '../shared/aws/dynamo-tenants.ts';
import { controlPlaneKms } from '../shared/aws/control-plane-kms.ts';
import { sqsJobs } from '../shared/aws/sqs-jobs.ts';
import { branchKeys } from '../shared/envelope/kms/branch-keys.ts';
import { name, propagationSeconds, readConfig, unparkPerSecond } from '../shared/lambda/config.ts';
import { count, logger } from '../shared/lambda/observe.ts';
import { reportRow } from '../shared/lambda/row-log.ts';
import { type Handler, lambda } from '../shared/lambda/stack.ts';
import { handleKeyEvent, type KeyEventOutcome } from '../shared/revocation/revoke.ts';
import { unpark } from '../shared/watch/unpark.ts';

const config = readConfig({
  STATE_TABLE: name,
  KEY_STORE_TABLE: name,
  CHUNK_QUEUE_URL: name,
  PROPAGATION_SECONDS: propagationSeconds,
  UNPARK_PER_SECOND: unparkPerSecond,
});

const table = { client: dynamoDbClient(), name: config.STATE_TABLE };
const ports = {
  tenants: dynamoTenants(table),
  hearings: dynamoHearings(table),
  branchKeys: branchKeys({ table: branchKeyTable(config.KEY_STORE_TABLE), kmsFor: kmsClientPerRegion() }),
  kms: controlPlaneKms(),
  parking: dynamoParking(table, reportRow),
  leases: dynamoLeases(table),
  jobs: sqsJobs(sqsClient(), config.CHUNK_QUEUE_URL),
  unparkPerSecond: config.UNPARK_PER_SECOND,
  propagationSeconds: config.PROPAGATION_SECONDS,
  now: () => new Date(),
};

const METRICS = {
  revoked: 'TenantRevoked',
  active: 'TenantActivated',
  unchanged: 'KeyEventWithoutEffect',
} as const;

/** What fails is thrown: Lambda delivers the event twice more, then it goes to the dead-letter queue. */
export const handler: Handler<unknown, KeyEventOutcome> = lambda(async (event, signal) => {
  const result = await handleKeyEvent(event, ports).catch((failure: unknown) => {
    count('KeyEventFailed');
    throw failure;
  });
  count(result.outcome === 'ignored' ? `KeyEventIgnored:${result.reason}` : METRICS[result.outcome]);
  logger.info('key event', { ...result });
  // What is not unparked when time runs out, the watch unparks.
  if (result.outcome === 'active')
    await Promise.all(result.tenantIds.map(async (tenantId) => await unpark(tenantId, ports, signal)));
  return result;
});
