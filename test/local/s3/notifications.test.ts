/** Notifications: the changes and their receivers, in AWS's exact form, at least once. */
import type { NotificationConfiguration, S3 } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ACCOUNT, newBucket, type S3Server, startS3 } from './s3-server.ts';
import { AwsError } from '../../../local/front/service.ts';

const QueueArn = `arn:aws:sqs:us-east-1:${ACCOUNT}:uploads`;
const LambdaFunctionArn = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:ingest`;

let server: S3Server;
let s3: S3;
let refusals: Error[];

beforeEach(async () => {
  refusals = [];
  server = await startS3({
    onDeliver() {
      const refusal = refusals.shift();
      if (refusal !== undefined) throw refusal;
    },
  });
  s3 = server.client();
});
afterEach(async () => server[Symbol.asyncDispose]());

async function records(count: number): Promise<readonly unknown[]> {
  const delivered = await server.deliveries(count);
  return delivered.flatMap(({ payload }) =>
    'Records' in payload && Array.isArray(payload.Records) ? payload.Records : [],
  );
}

async function notify(
  Bucket: string,
  event: 's3:ObjectCreated:*' | 's3:ObjectRemoved:*' | 's3:ObjectCreated:Put',
): Promise<void> {
  await s3.putBucketNotificationConfiguration({
    Bucket,
    NotificationConfiguration: {
      LambdaFunctionConfigurations: [{ Id: 'one', LambdaFunctionArn, Events: [event] }],
    },
  });
}

test('an upload is told in full, its key form-encoded with the slash left', async () => {
  const Bucket = await newBucket(s3, 'Enabled');
  await notify(Bucket, 's3:ObjectCreated:*');
  const { VersionId } = await s3.putObject({ Bucket, Key: "in/a b+ü(1)'~*.txt", Body: '12345' });
  const [record] = await records(1);
  expect(record).toEqual({
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: 'us-east-1',
    eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    eventName: 'ObjectCreated:Put',
    userIdentity: { principalId: `AWS:${ACCOUNT}` },
    requestParameters: { sourceIPAddress: '127.0.0.1' },
    responseElements: { 'x-amz-request-id': expect.any(String), 'x-amz-id-2': expect.any(String) },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'one',
      bucket: {
        name: Bucket,
        ownerIdentity: { principalId: expect.any(String) },
        arn: `arn:aws:s3:::${Bucket}`,
      },
      object: {
        key: 'in/a+b%2B%C3%BC%281%29%27%7E*.txt',
        size: 5,
        eTag: '827ccb0eea8a706c4c34a16891f84e7b',
        versionId: VersionId,
        sequencer: expect.stringMatching(/^[0-9A-F]{18}$/),
      },
    },
  });
});

test('each kind of change has its name, and sequencers grow with every change of a key', async () => {
  const Bucket = await newBucket(s3);
  await s3.putBucketNotificationConfiguration({
    Bucket,
    NotificationConfiguration: {
      LambdaFunctionConfigurations: [
        { LambdaFunctionArn, Events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'] },
      ],
    },
  });
  const Key = 'k';
  await s3.putObject({ Bucket, Key, Body: '1' });
  await s3.copyObject({ Bucket, Key, CopySource: `${Bucket}/k`, MetadataDirective: 'REPLACE' });
  const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
  const { ETag } = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 1, Body: 'p' });
  await s3.completeMultipartUpload({
    Bucket,
    Key,
    UploadId,
    MultipartUpload: { Parts: [{ ETag, PartNumber: 1 }] },
  });
  await s3.deleteObject({ Bucket, Key });
  await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: 'Enabled' } });
  await s3.deleteObject({ Bucket, Key });
  const told = await records(5);
  expect(told).toMatchObject([
    { eventName: 'ObjectCreated:Put' },
    { eventName: 'ObjectCreated:Copy' },
    { eventName: 'ObjectCreated:CompleteMultipartUpload' },
    { eventName: 'ObjectRemoved:Delete' },
    { eventName: 'ObjectRemoved:DeleteMarkerCreated' },
  ]);
  const sequencers = told.map((record) => /"sequencer":"(\w+)"/.exec(JSON.stringify(record))?.[1]);
  expect(
    sequencers.every((sequencer, index) => index === 0 || (sequencer ?? '') > (sequencers[index - 1] ?? '')),
  ).toBe(true);
});

test('a new queue hears s3:TestEvent first, then what its filter lets through', async () => {
  const Bucket = await newBucket(s3);
  const FilterRules = [
    { Name: 'prefix' as const, Value: 'in/' },
    { Name: 'suffix' as const, Value: '.txt' },
  ];
  const queue = {
    Id: 'q',
    QueueArn,
    Events: ['s3:ObjectCreated:Put' as const],
    Filter: { Key: { FilterRules } },
  };
  await s3.putBucketNotificationConfiguration({
    Bucket,
    NotificationConfiguration: { QueueConfigurations: [queue] },
  });
  expect(server.delivered).toMatchObject([
    { arn: QueueArn, payload: { Event: 's3:TestEvent', Bucket, Service: 'Amazon S3' } },
  ]);
  for (const Key of ['out/a.txt', 'in/a.bin', 'in/a.txt']) await s3.putObject({ Bucket, Key, Body: 'x' });
  expect(await records(2)).toMatchObject([{ s3: { object: { key: 'in/a.txt' } } }]);
  const { QueueConfigurations } = await s3.getBucketNotificationConfiguration({ Bucket });
  expect(QueueConfigurations).toMatchObject([
    {
      Id: 'q',
      QueueArn,
      Filter: {
        Key: {
          FilterRules: [
            { Name: 'Prefix', Value: 'in/' },
            { Name: 'Suffix', Value: '.txt' },
          ],
        },
      },
    },
  ]);
});

test('a queue that does not take the test event is no destination', async () => {
  const Bucket = await newBucket(s3);
  refusals.push(new AwsError('QueueDoesNotExist', 400, 'gone'));
  const configuration = { QueueConfigurations: [{ QueueArn, Events: ['s3:ObjectCreated:*' as const] }] };
  const put = s3.putBucketNotificationConfiguration({ Bucket, NotificationConfiguration: configuration });
  await expect(put).rejects.toMatchObject({ name: 'InvalidArgument' });
  expect((await s3.getBucketNotificationConfiguration({ Bucket })).QueueConfigurations).toBeUndefined();
});

test('two destinations for the same event of the same keys are refused', async () => {
  const Bucket = await newBucket(s3);
  const overlapping = s3.putBucketNotificationConfiguration({
    Bucket,
    NotificationConfiguration: twoDestinations('a/b'),
  });
  await expect(overlapping).rejects.toMatchObject({ name: 'InvalidArgument' });
  await s3.putBucketNotificationConfiguration({ Bucket, NotificationConfiguration: twoDestinations('b/') });
});

test('EventBridge gets the event for the default bus of the bucket, with the plain key', async () => {
  const Bucket = await newBucket(s3);
  await s3.putBucketNotificationConfiguration({
    Bucket,
    NotificationConfiguration: { EventBridgeConfiguration: {} },
  });
  await s3.putObject({ Bucket, Key: 'a b', Body: 'x' });
  const [delivery] = await server.deliveries(1);
  expect(delivery).toMatchObject({
    arn: `arn:aws:events:us-east-1:${ACCOUNT}:event-bus/default`,
    payload: {
      source: 'aws.s3',
      'detail-type': 'Object Created',
      account: ACCOUNT,
      resources: [`arn:aws:s3:::${Bucket}`],
      detail: {
        bucket: { name: Bucket },
        object: { key: 'a b', size: 1 },
        reason: 'PutObject',
        requester: ACCOUNT,
      },
    },
  });
});

test('a delivery that fails for the moment is tried again, one that is refused is not', async () => {
  const Bucket = await newBucket(s3);
  await notify(Bucket, 's3:ObjectCreated:*');
  refusals.push(new AwsError('AccessDenied', 403, 'refused'), new Error('busy'));
  await s3.putObject({ Bucket, Key: 'refused', Body: 'x' });
  await s3.putObject({ Bucket, Key: 'again', Body: 'x' });
  expect(await records(1)).toMatchObject([{ s3: { object: { key: 'again' } } }]);
  expect(server.delivered).toHaveLength(1);
});

test('what was not delivered before a restart is delivered after it', async () => {
  const Bucket = await newBucket(s3);
  await notify(Bucket, 's3:ObjectCreated:*');
  refusals.push(new Error('busy'));
  await s3.putObject({ Bucket, Key: 'late', Body: 'x' });
  await server.restart();
  expect(await records(1)).toMatchObject([{ s3: { object: { key: 'late' } } }]);
});

function twoDestinations(Value: string): NotificationConfiguration {
  return {
    LambdaFunctionConfigurations: [
      {
        LambdaFunctionArn,
        Events: ['s3:ObjectCreated:*'],
        Filter: { Key: { FilterRules: [{ Name: 'prefix', Value: 'a/' }] } },
      },
      {
        LambdaFunctionArn,
        Events: ['s3:ObjectCreated:Put'],
        Filter: { Key: { FilterRules: [{ Name: 'prefix', Value }] } },
      },
    ],
  };
}
