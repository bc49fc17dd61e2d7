/**
 * The ports of each function, made of AWS. Each function has a maker of its own. So it makes no client that it does not
 * use, and its bundle has no code that it does not need: package.json says that our files have no side effects.
 */
import { branchKeyTable } from '../aws/branch-key-table.ts';
import { dynamoDbClient, kmsClientPerRegion, s3Client, sqsClient } from '../aws/clients.ts';
import { controlPlaneKms } from '../aws/control-plane-kms.ts';
import { dataPathKms } from '../aws/data-path-kms.ts';
import { dynamoHearings } from '../aws/dynamo-hearings.ts';
import { dynamoLeases } from '../aws/dynamo-leases.ts';
import { dynamoParking } from '../aws/dynamo-parking.ts';
import { dynamoRedrives } from '../aws/dynamo-redrives.ts';
import { dynamoRemovals } from '../aws/dynamo-removals.ts';
import { dynamoState } from '../aws/dynamo-state.ts';
import { dynamoTenants } from '../aws/dynamo-tenants.ts';
import { shredBranchKey } from '../aws/key-store.ts';
import { s3Destinations } from '../aws/s3-destinations.ts';
import { s3Listing } from '../aws/s3-listing.ts';
import { purgeSome } from '../aws/s3-purge.ts';
import { s3Sources } from '../aws/s3-sources.ts';
import { s3Vault } from '../aws/s3-vault.ts';
import { sqsJobs, sqsRedelivery, sqsUploads } from '../aws/sqs-queues.ts';
import { openTable, type Table } from '../aws/table.ts';
import { keyEventLog } from '../lambda/key-event-log.ts';
import { countCacheEvent, keyUseLog } from '../lambda/key-use-log.ts';
import { revocationLog } from '../lambda/revocation-log.ts';
import { reportRow } from '../lambda/row-log.ts';
import { reportNotice } from '../lambda/watch-log.ts';
import type { BranchKeyPorts } from './branch-key-maker.ts';
import type { EncryptFunctionPorts } from './encrypt.ts';
import type { IngestFunctionPorts } from './ingest.ts';
import type { OffboardFunctionPorts } from './offboard.ts';
import type { OnboardFunctionPorts } from './onboard.ts';
import type { RestoreFunctionPorts } from './restore.ts';
import type { RevokeFunctionPorts } from './revoke.ts';
import type { RotateFunctionPorts } from './rotate-branch-key.ts';
import type { SandboxKeyPorts } from './sandbox-keys.ts';
import type { WatchFunctionPorts } from './watch.ts';

/** The variables of a function's environment that have these names. */
type Named<Variable extends string> = Readonly<Record<Variable, string>>;

type KeyConfig = Named<'STATE_TABLE' | 'KEY_STORE_TABLE'> & { readonly TENANT_METRICS: 'on' | 'off' };

export function ingestPorts(
  config: Named<'STATE_TABLE' | 'UPLOAD_QUEUE_URL' | 'CHUNK_QUEUE_URL'>,
): IngestFunctionPorts {
  const sqs = sqsClient();
  return {
    state: dynamoState(stateTable(config)),
    jobs: sqsJobs(sqs, config.CHUNK_QUEUE_URL),
    redelivery: sqsRedelivery(sqs, config.UPLOAD_QUEUE_URL),
    now,
  };
}

export function encryptPorts(
  config: KeyConfig & Named<'CHUNK_QUEUE_URL' | 'VAULT_BUCKET'>,
): EncryptFunctionPorts {
  const table = stateTable(config);
  const s3 = s3Client();
  return {
    ...keyPorts(table, config),
    state: dynamoState(table),
    sources: s3Sources(s3),
    vault: s3Vault(s3, config.VAULT_BUCKET),
    parking: dynamoParking(table),
    redelivery: sqsRedelivery(sqsClient(), config.CHUNK_QUEUE_URL),
  };
}

export function restorePorts(config: KeyConfig & Named<'VAULT_BUCKET'>): RestoreFunctionPorts {
  const s3 = s3Client();
  return {
    ...keyPorts(stateTable(config), config),
    vault: s3Vault(s3, config.VAULT_BUCKET),
    destinations: s3Destinations(s3),
  };
}

export function revokePorts(
  config: Named<'STATE_TABLE' | 'KEY_STORE_TABLE' | 'CHUNK_QUEUE_URL'>,
): RevokeFunctionPorts {
  const table = stateTable(config);
  return {
    tenants: dynamoTenants(table),
    hearings: dynamoHearings(table),
    ...branchKeyPorts(config),
    controlPlaneKms: controlPlaneKms(),
    parking: dynamoParking(table, reportRow),
    leases: dynamoLeases(table),
    jobs: sqsJobs(sqsClient(), config.CHUNK_QUEUE_URL),
    now,
    keyEvents: keyEventLog,
  };
}

export function watchPorts(
  config: Named<'STATE_TABLE' | 'INGEST_BUCKET' | 'UPLOAD_QUEUE_URL' | 'CHUNK_QUEUE_URL'>,
): WatchFunctionPorts {
  const table = stateTable(config);
  const sqs = sqsClient();
  return {
    tenants: dynamoTenants(table),
    state: dynamoState(table),
    parking: dynamoParking(table, reportRow),
    leases: dynamoLeases(table),
    redrives: dynamoRedrives(table, reportRow),
    listing: s3Listing(s3Client(), config.INGEST_BUCKET),
    jobs: sqsJobs(sqs, config.CHUNK_QUEUE_URL),
    uploads: sqsUploads(sqs, config.UPLOAD_QUEUE_URL),
    controlPlaneKms: controlPlaneKms(),
    now,
    reportNotice,
  };
}

export function onboardPorts(config: Named<'STATE_TABLE' | 'KEY_STORE_TABLE'>): OnboardFunctionPorts {
  const table = stateTable(config);
  return {
    tenants: dynamoTenants(table),
    parking: dynamoParking(table, reportRow),
    hearings: dynamoHearings(table),
    controlPlaneKms: controlPlaneKms(),
    ...branchKeyPorts(config),
    now,
  };
}

export function offboardPorts(
  config: Named<'STATE_TABLE' | 'KEY_STORE_TABLE' | 'INGEST_BUCKET' | 'VAULT_BUCKET'>,
): OffboardFunctionPorts {
  const dynamoDb = dynamoDbClient();
  const table = openTable(dynamoDb, config.STATE_TABLE);
  const keyStore = openTable(dynamoDb, config.KEY_STORE_TABLE);
  const s3 = s3Client();
  return {
    tenants: dynamoTenants(table),
    state: dynamoState(table),
    parking: dynamoParking(table, reportRow),
    removals: dynamoRemovals(table),
    listing: s3Listing(s3, config.INGEST_BUCKET),
    controlPlaneKms: controlPlaneKms(),
    deleteCiphertext: async (tenantId, after) =>
      await purgeSome(s3, config.VAULT_BUCKET, { tenantId, after }),
    shredBranchKey: async (branchKeyId) => await shredBranchKey(keyStore, branchKeyId),
    now,
  };
}

export function rotatePorts(config: Named<'STATE_TABLE' | 'KEY_STORE_TABLE'>): RotateFunctionPorts {
  return { tenants: dynamoTenants(stateTable(config)), ...branchKeyPorts(config) };
}

function keyPorts(table: Table, config: KeyConfig): SandboxKeyPorts {
  return {
    tenants: dynamoTenants(table),
    dataPathKms: dataPathKms(),
    keyStore: branchKeyTable(config.KEY_STORE_TABLE),
    recordKeyUse: keyUseLog(config.TENANT_METRICS),
    countCacheEvent,
    revocations: revocationLog,
    now,
  };
}

function stateTable({ STATE_TABLE }: Named<'STATE_TABLE'>): Table {
  return openTable(dynamoDbClient(), STATE_TABLE);
}

function branchKeyPorts({ KEY_STORE_TABLE }: Named<'KEY_STORE_TABLE'>): BranchKeyPorts {
  return { keyStore: branchKeyTable(KEY_STORE_TABLE), kmsFor: kmsClientPerRegion() };
}

function now(): Date {
  return new Date();
}
