/** The deployed pipeline on the local AWS, in processes of its own, and what a test does with it. */
import {
  type _Object,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { DisableKeyCommand, EnableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { entryKey } from '../../shared/object/vault-key.ts';
import {
  type LocalProcess,
  type LocalProcessOptions,
  startLocalProcess,
} from '../../laptop/local-process.ts';
import {
  INGEST_BUCKET,
  ISV_ACCOUNT,
  REGION,
  RESTORE_BUCKET,
  STATE_TABLE,
  VAULT_BUCKET,
} from '../../laptop/names.ts';
import { PipelineClient, type Uploaded } from '../../laptop/client.ts';

export const TENANT_ACCOUNTS = {
  acme: '111111111111',
  globex: '222222222222',
  initech: '333333333333',
  /** A tenant that is there only if a test registers it. */
  umbrella: '444444444444',
} as const;

/**
 * The longest wait, as a last resort. It is shorter than the visibility timeout of the queues: a test that does not push
 * the clock on never passes only because a message came back.
 */
export const PATIENCE_MS = 100_000;
/** The pause between two looks of a test that waits. */
export const LOOK_MS = 100;
/** Longer than the visibility timeout and the longest pause of parked work at stage `local`. */
const STEP_MS = 125_000;
/** The shortest pause between two steps: work that one brings back is done before the next, however many tests wait. */
const STEP_PAUSE_MS = 500;

type Queue = 'uploads' | 'uploads-dlq' | 'chunks' | 'chunks-dlq' | 'events-dlq';
export type TenantName = keyof typeof TENANT_ACCOUNTS;

/** Client configuration of one caller. */
export interface Identity {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly useQueueUrlAsEndpoint: false;
}

export async function startPipeline(options: LocalProcessOptions = {}): Promise<Pipeline> {
  return new Pipeline(await startLocalProcess(options));
}

export class Pipeline implements AsyncDisposable {
  readonly local: LocalProcess;
  readonly client: PipelineClient;
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly table: DynamoDBDocumentClient;
  #steppedAtMs = 0;

  constructor(local: LocalProcess) {
    this.local = local;
    this.client = new PipelineClient(local.endpoint);
    this.s3 = this.client.s3;
    this.sqs = new SQSClient(this.identity(ISV_ACCOUNT));
    this.table = DynamoDBDocumentClient.from(new DynamoDBClient(this.identity(ISV_ACCOUNT)));
  }

  /** Client configuration of an account, or of a role: `{account}.{role name}`. */
  identity(accessKeyId: string): Identity {
    return {
      endpoint: this.local.endpoint,
      region: REGION,
      credentials: { accessKeyId, secretAccessKey: 'local' },
      useQueueUrlAsEndpoint: false,
    };
  }

  /** Resolves when `condition` holds. With `step`, the local clock is pushed on meanwhile: nothing waits for real. */
  async until(
    condition: () => Promise<boolean>,
    { step = false }: { readonly step?: boolean } = {},
  ): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (let look = 1; !(await condition()); look += 1) {
      if (performance.now() > deadline) throw new Error('waited in vain');
      if (step && look % 5 === 0) await this.#step();
      await delay(LOOK_MS);
    }
  }

  async #step(): Promise<void> {
    if (performance.now() < this.#steppedAtMs + STEP_PAUSE_MS) return;
    this.#steppedAtMs = performance.now();
    await this.advanceClock(STEP_MS);
  }

  async sealed(uploaded: Uploaded): Promise<void> {
    await this.client.sealed(uploaded, AbortSignal.timeout(PATIENCE_MS));
  }

  /** Waits as `sealed` does and pushes the clock on, so that redeliveries and parked work come at once. */
  async sealedInTime(uploaded: Uploaded): Promise<void> {
    await this.until(async () => await this.isSealed(uploaded), { step: true });
  }

  async isSealed({ tenantId, key, versionId }: Uploaded): Promise<boolean> {
    const manifest = await this.exists(VAULT_BUCKET, entryKey(tenantId, key));
    return manifest && !(await this.exists(INGEST_BUCKET, `${tenantId}/${key}`, versionId));
  }

  async restored(tenantId: string, key: string): Promise<Buffer> {
    await this.client.restore({ tenantId, key });
    return await this.read(RESTORE_BUCKET, `${tenantId}/${key}`);
  }

  async advanceClock(advanceMs: number): Promise<void> {
    await this.local.tell('POST', 'clock', { advanceMs });
  }

  /** The time by the local clock. */
  async nowMs(): Promise<number> {
    return (await this.local.ask('clock', z.object({ nowMs: z.number() }))).nowMs;
  }

  async fault(fault: object): Promise<void> {
    await this.local.tell('POST', 'faults', fault);
  }

  async clearFaults(): Promise<void> {
    await this.local.tell('DELETE', 'faults');
  }

  // What rests where.

  async read(Bucket: string, Key: string): Promise<Buffer> {
    const { Body } = await this.s3.send(new GetObjectCommand({ Bucket, Key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  }

  async put(Bucket: string, Key: string, Body: Uint8Array): Promise<void> {
    await this.s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  }

  async remove(Bucket: string, Key: string, VersionId?: string): Promise<void> {
    await this.s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
  }

  async exists(Bucket: string, Key: string, VersionId?: string): Promise<boolean> {
    const command = new HeadObjectCommand({ Bucket, Key, VersionId });
    return await this.s3.send(command).then(
      () => true,
      () => false,
    );
  }

  /** Returns the clear part of an inline object in the vault; undefined for anything else. */
  async clearPartOf(Key: string): Promise<string | undefined> {
    const { Metadata } = await this.s3.send(new HeadObjectCommand({ Bucket: VAULT_BUCKET, Key }));
    return Metadata?.['sealstream'];
  }

  async vaultKeys(prefix = ''): Promise<readonly string[]> {
    const { Contents = [] } = await this.s3.send(
      new ListObjectsV2Command({ Bucket: VAULT_BUCKET, Prefix: prefix }),
    );
    return Contents.map(({ Key = '' }: _Object) => Key);
  }

  /** Every version ever written in the vault: more than one of a chunk would be a second write. */
  async vaultVersions(prefix: string): Promise<readonly string[]> {
    const { Versions = [] } = await this.s3.send(
      new ListObjectVersionsCommand({ Bucket: VAULT_BUCKET, Prefix: prefix }),
    );
    return Versions.map(({ Key = '' }) => Key);
  }

  async planOf({ objectId }: Uploaded): Promise<Record<string, unknown> | undefined> {
    const Key = { pk: `object#${objectId}`, sk: 'plan' };
    return (await this.table.send(new GetCommand({ TableName: STATE_TABLE, Key, ConsistentRead: true })))
      .Item;
  }

  async rejections(): Promise<readonly Record<string, unknown>[]> {
    const { Items = [] } = await this.table.send(
      new QueryCommand({
        TableName: STATE_TABLE,
        KeyConditionExpression: 'pk = :rejection',
        ExpressionAttributeValues: { ':rejection': 'rejection' },
        ConsistentRead: true,
      }),
    );
    return Items;
  }

  /** Returns the rejection whose recorded body contains `text`, once there is one. Waits as `until` does. */
  async rejectionOf(
    text: string,
    options: { readonly step?: boolean } = {},
  ): Promise<Record<string, unknown>> {
    let found: Record<string, unknown> | undefined;
    await this.until(async () => {
      found = (await this.rejections()).find(({ body }) => String(body).includes(text));
      return found !== undefined;
    }, options);
    return found ?? {};
  }

  // Queues and keys.

  queueUrl(name: Queue): string {
    return `${this.local.endpoint}/${ISV_ACCOUNT}/sealstream-local-${name}`;
  }

  async send(queue: 'uploads' | 'chunks', body: unknown): Promise<void> {
    const MessageBody = typeof body === 'string' ? body : JSON.stringify(body);
    await this.sqs.send(
      new SendMessageCommand({ QueueUrl: this.queueUrl(queue), MessageBody, MessageGroupId: 'test' }),
    );
  }

  /** Messages of a queue: visible, being worked on, or delayed. */
  async depth(queue: Queue): Promise<number> {
    const { Attributes = {} } = await this.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: this.queueUrl(queue), AttributeNames: ['All'] }),
    );
    return ['', 'NotVisible', 'Delayed'].reduce(
      (sum, state) =>
        sum + Number(Attributes[`ApproximateNumberOfMessages${state}` as keyof typeof Attributes] ?? 0),
      0,
    );
  }

  /** KMS as the tenant's own administrator. */
  kms(tenant: TenantName): KMSClient {
    return new KMSClient(this.identity(TENANT_ACCOUNTS[tenant]));
  }

  async kekArn(tenant: TenantName): Promise<string> {
    const Key = { pk: `tenant#${tenant}`, sk: 'tenant' };
    const { Item } = await this.table.send(new GetCommand({ TableName: STATE_TABLE, Key }));
    return String(Item?.['kekArn']);
  }

  async disableKey(tenant: TenantName): Promise<void> {
    await this.kms(tenant).send(new DisableKeyCommand({ KeyId: await this.kekArn(tenant) }));
  }

  async enableKey(tenant: TenantName): Promise<void> {
    await this.kms(tenant).send(new EnableKeyCommand({ KeyId: await this.kekArn(tenant) }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.local.close();
  }
}
