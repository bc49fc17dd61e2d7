/** AWS::S3::Bucket and AWS::S3::BucketPolicy. */
import {
  BucketAlreadyOwnedByYou,
  CreateBucketCommand,
  type Event,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import * as z from 'zod';
import { boolean, type CreateResource, physicalName, propertiesSchema } from './resource.ts';

const notification = {
  // The service knows the names of events; this parser does not check them.
  Event: z.custom<Event>((value) => typeof value === 'string', 'not an event name'),
  Filter: z
    .strictObject({
      S3Key: z.strictObject({
        Rules: z.array(z.strictObject({ Name: z.enum(['prefix', 'suffix']), Value: z.string() })),
      }),
    })
    .transform(({ S3Key }) => ({ Key: { FilterRules: S3Key.Rules } }))
    .optional(),
};

const notificationConfiguration = z
  .strictObject({
    EventBridgeConfiguration: z
      .strictObject({ EventBridgeEnabled: boolean.default(true) })
      .transform(({ EventBridgeEnabled }) => EventBridgeEnabled)
      .default(false),
    LambdaConfigurations: z.array(z.strictObject({ ...notification, Function: z.string() })).default([]),
    QueueConfigurations: z.array(z.strictObject({ ...notification, Queue: z.string() })).default([]),
  })
  .transform(
    ({ EventBridgeConfiguration, LambdaConfigurations, QueueConfigurations }): NotificationConfiguration => ({
      ...(EventBridgeConfiguration && { EventBridgeConfiguration: {} }),
      LambdaFunctionConfigurations: LambdaConfigurations.map((configuration) => ({
        LambdaFunctionArn: configuration.Function,
        Events: [configuration.Event],
        Filter: configuration.Filter,
      })),
      QueueConfigurations: QueueConfigurations.map((configuration) => ({
        QueueArn: configuration.Queue,
        Events: [configuration.Event],
        Filter: configuration.Filter,
      })),
    }),
  );

/**
 * The properties of a bucket. The inert ones are encryption at rest of a laptop's disk, rules that act after days,
 * and settings of the network's edge.
 */
const bucketProperties = propertiesSchema(
  {
    BucketName: z.string().optional(),
    NotificationConfiguration: notificationConfiguration.optional(),
    VersioningConfiguration: z.strictObject({ Status: z.enum(['Enabled', 'Suspended']) }).optional(),
  },
  [
    'AccelerateConfiguration',
    'BucketEncryption',
    'CorsConfiguration',
    'LifecycleConfiguration',
    'LoggingConfiguration',
    'MetricsConfigurations',
    'OwnershipControls',
    'PublicAccessBlockConfiguration',
    'Tags',
  ],
);
const policyProperties = propertiesSchema({ Bucket: z.string(), PolicyDocument: z.looseObject({}) });

export const createBucket: CreateResource = async (logicalId, properties, context) => {
  const { s3 } = context.clients;
  const {
    BucketName: Bucket = physicalName(logicalId, context).toLowerCase(),
    NotificationConfiguration,
    VersioningConfiguration,
  } = bucketProperties.parse(properties);
  await ensureBucket(s3, Bucket);
  if (VersioningConfiguration)
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  if (NotificationConfiguration)
    await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
  return {
    ref: Bucket,
    attributes: {
      Arn: `arn:aws:s3:::${Bucket}`,
      DomainName: `${Bucket}.s3.amazonaws.com`,
      RegionalDomainName: `${Bucket}.s3.${context.region}.amazonaws.com`,
    },
  };
};

export const createBucketPolicy: CreateResource = async (logicalId, properties, context) => {
  const { Bucket, PolicyDocument } = policyProperties.parse(properties);
  const Policy = JSON.stringify(PolicyDocument);
  await context.clients.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  return { ref: physicalName(logicalId, context), attributes: {} };
};

async function ensureBucket(s3: S3Client, Bucket: string): Promise<void> {
  try {
    await s3.send(new CreateBucketCommand({ Bucket }));
  } catch (error) {
    if (!(error instanceof BucketAlreadyOwnedByYou)) throw error;
  }
}
