/** Every minute: probes the tenants' keys, re-drives what is stuck, unparks work whose key is back. */
import { dynamoDbClient, s3Client, sqsClient } from '../shared/aws/clients.ts';
import { dynamoLeases } from '../shared/aws/dynamo-leases.ts';
import { dynamoParking } from '../shared/aws/dynamo-parking.ts';
import { dynamoRedrives } from '../shared/aws/dynamo-redrives.ts';
import { dynamoState } from '../shared/aws/dynamo-state.ts';
import { dynamoTenants } from '../shared/aws/dynamo-tenants.ts';
import { controlPlaneKms } from '../shared/aws/control-plane-kms.ts';
import { s3Listing } from '../shared/aws/s3-listing.ts';
import { sqsJobs } from '../shared/aws/sqs-jobs.ts';
import { sqsUploads } from '../shared/aws/sqs-uploads.ts';
import {
  name,
  propagationSeconds,
  readConfig,
  stuckSeconds,
  unparkPerSecond,
} from '../shared/lambda/config.ts';
import { count, logger } from '../shared/lambda/observe.ts';
import { reportRow } from '../shared/lambda/row-log.ts';
import { type Handler, lambda } from '../shared/lambda/stack.ts';
import { reportFinding } from '../shared/lambda/watch-log.ts';
import { type Summary, watch } from '../shared/watch/watch.ts';

const config = readConfig({
  STATE_TABLE: name,
  INGEST_BUCKET: name,
  UPLOAD_QUEUE_URL: name,
  CHUNK_QUEUE_URL: name,
  PROPAGATION_SECONDS: propagationSeconds,
  UNPARK_PER_SECOND: unparkPerSecond,
  STUCK_SECONDS: stuckSeconds,
});

const table = { client: dynamoDbClient(), name: config.STATE_TABLE };
const sqs = sqsClient();
const ports = {
  tenants: dynamoTenants(table),
  state: dynamoState(table),
  parking: dynamoParking(table, reportRow),
  leases: dynamoLeases(table),
  redrives: dynamoRedrives(table, reportRow),
  listing: s3Listing(s3Client(), config.INGEST_BUCKET),
  jobs: sqsJobs(sqs, config.CHUNK_QUEUE_URL),
  uploads: sqsUploads(sqs, config.UPLOAD_QUEUE_URL),
  kms: controlPlaneKms(),
  propagationSeconds: config.PROPAGATION_SECONDS,
  unparkPerSecond: config.UNPARK_PER_SECOND,
  stuckSeconds: config.STUCK_SECONDS,
  now: () => new Date(),
  report: reportFinding,
};

export const handler: Handler<unknown, Summary> = lambda(async (_event, signal) => {
  const summary = await watch(ports, signal);
  count('Redriven', summary.redriven);
  logger.info('watched', { ...summary });
  return summary;
});
