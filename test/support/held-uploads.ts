/**
 * Uploads whose notifications the test holds back: S3 sends them to a queue of the test's own instead of the pipeline's.
 * So a test sends the very message that S3 wrote at any time, any number of times and in any order.
 */
import { PutBucketNotificationConfigurationCommand } from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { parseNotification, uploadOf } from '../../shared/ingest/notification.ts';
import { INGEST_BUCKET, ISV_ACCOUNT, REGION } from '../../laptop/names.ts';
import type { Uploaded } from '../../laptop/client.ts';
import type { Pipeline } from './pipeline.ts';

/** An upload that the pipeline has not heard of yet. */
export interface HeldUpload extends Uploaded {
  readonly content: Buffer;
  /** The notification that S3 sent, literally. */
  readonly notification: string;
}

const QUEUE = 'held-notifications';
const QUEUE_ARN = `arn:aws:sqs:${REGION}:${ISV_ACCOUNT}:${QUEUE}`;
const QUEUE_POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: 's3.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: QUEUE_ARN,
    },
  ],
});

/** Keeps every further upload from the pipeline until its notification is sent to the `uploads` queue. */
export async function holdUploads(pipeline: Pipeline): Promise<HeldUploads> {
  const command = new CreateQueueCommand({ QueueName: QUEUE, Attributes: { Policy: QUEUE_POLICY } });
  const { QueueUrl = '' } = await pipeline.sqs.send(command);
  await pipeline.s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: INGEST_BUCKET,
      NotificationConfiguration: {
        QueueConfigurations: [{ QueueArn: QUEUE_ARN, Events: ['s3:ObjectCreated:*'] }],
      },
    }),
  );
  return new HeldUploads(pipeline, QueueUrl);
}

export class HeldUploads {
  readonly #pipeline: Pipeline;
  readonly #queueUrl: string;
  readonly #notifications = new Map<string, string>();
  #collecting: Promise<void> | undefined;

  constructor(pipeline: Pipeline, queueUrl: string) {
    this.#pipeline = pipeline;
    this.#queueUrl = queueUrl;
  }

  async upload(tenant: string, key: string, content: Buffer): Promise<HeldUpload> {
    const uploaded = await this.#pipeline.client.upload(tenant, key, content);
    return { ...uploaded, content, notification: await this.#notificationOf(uploaded.versionId) };
  }

  /** Sends the notifications to the pipeline, once more at every call. */
  async release(...uploads: readonly HeldUpload[]): Promise<void> {
    await Promise.all(
      uploads.map(async ({ notification }) => await this.#pipeline.send('uploads', notification)),
    );
  }

  async #notificationOf(versionId: string): Promise<string> {
    for (;;) {
      const notification = this.#notifications.get(versionId);
      if (notification !== undefined) return notification;
      // All who wait share one receiver: two receivers would take each other's messages and not know.
      this.#collecting ??= this.#collect().finally(() => (this.#collecting = undefined));
      await this.#collecting;
    }
  }

  async #collect(): Promise<void> {
    const { Messages = [] } = await this.#pipeline.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: this.#queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 5 }),
    );
    await Promise.all(Messages.map(async (message) => await this.#keep(message)));
  }

  async #keep({ Body = '', ReceiptHandle }: Message): Promise<void> {
    for (const record of parseNotification(Body)) {
      this.#notifications.set(uploadOf(record).source.versionId, Body);
    }
    await this.#pipeline.sqs.send(new DeleteMessageCommand({ QueueUrl: this.#queueUrl, ReceiptHandle }));
  }
}
