/** Holds the adapters of shared/aws to the contracts of their ports, on one local AWS. */
import { KMS } from '@aws-sdk/client-kms';
import { GetObjectCommand, NoSuchKey, S3 } from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { afterAll, beforeAll, describe, vi } from 'vitest';
import * as z from 'zod';
import { branchKeyTable } from '../../shared/aws/branch-key-table.ts';
import { controlPlaneKms } from '../../shared/aws/control-plane-kms.ts';
import { dataPathKms } from '../../shared/aws/data-path-kms.ts';
import { dynamoHearings } from '../../shared/aws/dynamo-hearings.ts';
import { dynamoLeases } from '../../shared/aws/dynamo-leases.ts';
import { dynamoParking } from '../../shared/aws/dynamo-parking.ts';
import { dynamoRedrives } from '../../shared/aws/dynamo-redrives.ts';
import { dynamoRemovals } from '../../shared/aws/dynamo-removals.ts';
import { dynamoState } from '../../shared/aws/dynamo-state.ts';
import { dynamoTenants } from '../../shared/aws/dynamo-tenants.ts';
import { readAsSent } from '../../shared/aws/s3-answers.ts';
import { s3Destinations } from '../../shared/aws/s3-destinations.ts';
import { s3Listing } from '../../shared/aws/s3-listing.ts';
import { s3Sources } from '../../shared/aws/s3-sources.ts';
import { s3Vault } from '../../shared/aws/s3-vault.ts';
import { sqsJobs, sqsRedelivery, sqsUploads } from '../../shared/aws/sqs-queues.ts';
import type { SourceVersion } from '../../shared/object/source-version.ts';
import { newBucket } from '../local/s3/s3-server.ts';
import { type RawTable, tableOf } from '../support/dynamo-table.ts';
import { clientConfig, ISV, type Services, startServices } from '../support/services.ts';
import { branchKeyTableContract } from './branch-key-table.ts';
import { destinationsContract } from './destinations.ts';
import { hearingsContract } from './hearings.ts';
import { type ControlPlaneWorld, controlPlaneKmsContract, dataPathKmsContract } from './kms.ts';
import { leasesContract } from './leases.ts';
import { parkingContract } from './parking.ts';
import { jobQueueContract, redeliveryContract, uploadQueueContract } from './queues.ts';
import { redrivesContract } from './redrives.ts';
import { removalsContract } from './removals.ts';
import { listingContract, sourcesContract } from './sources.ts';
import { stateContract } from './state.ts';
import { tenantsContract } from './tenants.ts';
import { vaultContract } from './vault.ts';

const TENANT = '111111111111';
const QUEUES = ['jobs', 'uploads', 'late'] as const;

let services: Services;
let table: RawTable;
let [s3, sqs]: [S3, SQSClient] = [new S3({}), new SQSClient({})];
let [ingest, vault, restored] = ['', '', ''];
let queueUrls: Readonly<Record<(typeof QUEUES)[number], string>>;
let kekArns: ControlPlaneWorld['kekArns'];

beforeAll(async () => {
  services = await startServices();
  // The SDK clients of the adapters read from the environment where AWS is, and who asks.
  vi.stubEnv('AWS_ENDPOINT_URL', services.endpoint);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', ISV);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  table = await tableOf(services);
  await tableOf(services, 'key-store', ['branch-key-id', 'type']);
  s3 = new S3({ ...clientConfig(services), forcePathStyle: true });
  readAsSent(s3);
  [ingest, vault, restored] = [await newBucket(s3, 'Enabled'), await newBucket(s3), await newBucket(s3)];
  sqs = new SQSClient({ ...clientConfig(services), useQueueUrlAsEndpoint: false });
  const [jobs = '', uploads = '', late = ''] = await Promise.all(QUEUES.map(createQueue));
  queueUrls = { jobs, uploads, late };
  kekArns = await createKeys();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  s3.destroy();
  sqs.destroy();
  await services.close();
});

async function createQueue(QueueName: string): Promise<string> {
  return (await sqs.send(new CreateQueueCommand({ QueueName }))).QueueUrl ?? '';
}

/** A key of another account grants us nothing. */
async function createKeys(): Promise<ControlPlaneWorld['kekArns']> {
  const [ours, theirs] = [ISV, TENANT].map((account) => new KMS(clientConfig(services, account)));
  const created = await Promise.all([ours, ours, theirs].map(async (kms) => await kms?.createKey({})));
  const [granting = '', disabled = '', denying = ''] = created.map((one) => one?.KeyMetadata?.Arn);
  await ours?.disableKey({ KeyId: disabled });
  ours?.destroy();
  theirs?.destroy();
  return { granting, disabled, denying };
}

const messageSchema = z.object({ messages: z.array(z.string()) });

async function rejected(id: string): Promise<readonly string[]> {
  const items = await table.page({ where: 'pk = :pk', values: { pk: 'rejection' } });
  const messages = items.filter((item) => item['id'] === id).map((item) => item['message']);
  return messageSchema.parse({ messages }).messages;
}

async function upload(Key: string, Body: Buffer): Promise<SourceVersion> {
  const said = { ContentType: 'text/plain', Metadata: { owner: 'legal' }, Tagging: 'class=secret' };
  const { VersionId = '' } = await s3.putObject({ Bucket: ingest, Key, Body, ...said });
  const uploadedAt = new Date().toISOString();
  return { bucket: ingest, key: Key, versionId: VersionId, sequencer: '0A', uploadedAt };
}

async function restoredBytes(Key: string): Promise<Uint8Array | undefined> {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: restored, Key }));
    return await Body?.transformToByteArray();
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  }
}

async function receive(QueueUrl: string): Promise<readonly Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl,
    MaxNumberOfMessages: 10,
    MessageSystemAttributeNames: ['ApproximateReceiveCount'],
  });
  return (await sqs.send(command)).Messages ?? [];
}

async function receiveAll(QueueUrl: string): Promise<readonly string[]> {
  const bodies: string[] = [];
  for (;;) {
    const messages = await receive(QueueUrl);
    if (messages.length === 0) return bodies;
    bodies.push(...messages.map(({ Body = '' }) => Body));
    const Entries = messages.map(({ ReceiptHandle }, at) => ({ Id: String(at), ReceiptHandle }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
}

function recordOf({ MessageId = '', ReceiptHandle = '', Body = '', Attributes }: Message): SQSRecord {
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: {
      ApproximateReceiveCount: Attributes?.ApproximateReceiveCount ?? '',
      SentTimestamp: '',
      SenderId: '',
      ApproximateFirstReceiveTimestamp: '',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: '',
    awsRegion: 'us-east-1',
  };
}

describe('tenants', () => {
  tenantsContract(() => dynamoTenants(table));
});
describe('hearings', () => {
  hearingsContract(() => dynamoHearings(table));
});
describe('removals', () => {
  removalsContract(() => dynamoRemovals(table));
});
describe('parking', () => {
  parkingContract(() => dynamoParking(table));
});
describe('leases', () => {
  leasesContract(() => dynamoLeases(table));
});
describe('the state', () => {
  stateContract(() => ({
    state: dynamoState(table),
    register: async (tenant) => await dynamoTenants(table).register(tenant),
    rejected,
  }));
});
describe('redrives', () => {
  redrivesContract(() => ({ state: dynamoState(table), redrives: dynamoRedrives(table) }));
});
describe('the branch keys’ table', () => {
  branchKeyTableContract(() => branchKeyTable('key-store'));
});

describe('sources', () => {
  sourcesContract(() => ({ sources: s3Sources(s3), upload }));
});
describe('the listing', () => {
  listingContract(() => ({
    listing: s3Listing(s3, ingest),
    upload,
    remove: async ({ key, versionId }) =>
      await s3.deleteObject({ Bucket: ingest, Key: key, VersionId: versionId }),
  }));
});
describe('the vault', () => {
  vaultContract(() => s3Vault(s3, vault));
});
describe('destinations', () => {
  destinationsContract(() => ({
    destinations: s3Destinations(s3),
    bucket: restored,
    read: restoredBytes,
  }));
});

describe('the job queue', () => {
  jobQueueContract(() => ({
    jobs: sqsJobs(sqs, queueUrls.jobs),
    received: async () => await receiveAll(queueUrls.jobs),
  }));
});
describe('the upload queue', () => {
  uploadQueueContract(() => ({
    uploads: sqsUploads(sqs, queueUrls.uploads),
    received: async () => await receiveAll(queueUrls.uploads),
  }));
});
describe('redelivery', () => {
  redeliveryContract(() => ({
    redelivery: sqsRedelivery(sqs, queueUrls.late),
    async send(MessageBody) {
      await sqs.send(new SendMessageCommand({ QueueUrl: queueUrls.late, MessageBody }));
    },
    async receive() {
      const [message] = await receive(queueUrls.late);
      return message && recordOf(message);
    },
  }));
});

describe('KMS of the data path', () => {
  dataPathKmsContract(() => ({ kms: dataPathKms(), kekArn: kekArns.granting }));
});
describe('KMS of the control plane', () => {
  controlPlaneKmsContract(() => ({ kms: controlPlaneKms(), kekArns }));
});
