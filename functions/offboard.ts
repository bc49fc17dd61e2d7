/** Invoked with `{ action: 'suspend' | 'resume' | 'remove', tenantId, … }`: tenants that pause or go. */
import { dynamoDbClient, s3Client } from '../shared/aws/clients.ts';
import { dynamoParking } from '../shared/aws/dynamo-parking.ts';
import { dynamoRemovals } from '../shared/aws/dynamo-removals.ts';
import { dynamoState } from '../shared/aws/dynamo-state.ts';
import { dynamoTenants } from '../shared/aws/dynamo-tenants.ts';
import { shredBranchKey } from '../shared/aws/key-store.ts';
import { controlPlaneKms } from '../shared/aws/control-plane-kms.ts';
import { s3Listing } from '../shared/aws/s3-listing.ts';
import { purgeSome } from '../shared/aws/s3-purge.ts';
import { name, propagationSeconds, readConfig } from '../shared/lambda/config.ts';
import { logger } from '../shared/lambda/observe.ts';
import { reportRow } from '../shared/lambda/row-log.ts';
import { type Handler, lambda } from '../shared/lambda/stack.ts';
import type { RemovePorts } from '../shared/offboarding/removal-step.ts';
import { remove, type Removed } from '../shared/offboarding/remove.ts';
import { parseOffboardRequest } from '../shared/offboarding/request.ts';
import { resume, suspend, type SuspendAnswer } from '../shared/offboarding/suspend.ts';

const config = readConfig({
  STATE_TABLE: name,
  KEY_STORE_TABLE: name,
  INGEST_BUCKET: name,
  VAULT_BUCKET: name,
  PROPAGATION_SECONDS: propagationSeconds,
});

const client = dynamoDbClient();
const s3 = s3Client();
const table = { client, name: config.STATE_TABLE };
const ports: RemovePorts = {
  tenants: dynamoTenants(table),
  state: dynamoState(table),
  parking: dynamoParking(table, reportRow),
  removals: dynamoRemovals(table),
  listing: s3Listing(s3, config.INGEST_BUCKET),
  kms: controlPlaneKms(),
  deleteCiphertext: async (tenantId, after) => await purgeSome(s3, config.VAULT_BUCKET, tenantId, after),
  shredBranchKey: async (id) => await shredBranchKey({ client, name: config.KEY_STORE_TABLE }, id),
  propagationSeconds: config.PROPAGATION_SECONDS,
  now: () => new Date(),
};

export const handler: Handler<unknown, SuspendAnswer | Removed> = lambda(async (event, signal) => {
  const request = parseOffboardRequest(event);
  const { action, tenantId } = request;
  logger.info('asked to offboard', { action, tenantId });
  if (request.action === 'remove') return await remove(request, ports, signal);
  return action === 'suspend' ? await suspend(tenantId, ports) : await resume(tenantId, ports);
});
