/** AWS::SQS::Queue and AWS::SQS::QueuePolicy. */
import {
  CreateQueueCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { type CreateResource, physicalName, propertiesSchema } from './resource.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const document = z.looseObject({}).transform((value) => JSON.stringify(value));

/** Properties that are queue attributes of the same name. */
const attributesShape = {
  ContentBasedDeduplication: scalar.optional(),
  DelaySeconds: scalar.optional(),
  FifoQueue: scalar.optional(),
  MaximumMessageSize: scalar.optional(),
  MessageRetentionPeriod: scalar.optional(),
  ReceiveMessageWaitTimeSeconds: scalar.optional(),
  RedriveAllowPolicy: document.optional(),
  RedrivePolicy: document.optional(),
  VisibilityTimeout: scalar.optional(),
};

const queueProperties = propertiesSchema({ QueueName: z.string().optional(), ...attributesShape }, [
  'KmsDataKeyReusePeriodSeconds',
  'KmsMasterKeyId',
  'SqsManagedSseEnabled',
  'Tags',
]);
const policyProperties = propertiesSchema({ PolicyDocument: document, Queues: z.array(z.string()) });

export const createQueue: CreateResource = async (logicalId, properties, context) => {
  const { QueueName = physicalName(logicalId, context), ...attributes } = queueProperties.parse(properties);
  const url = await ensureQueue(context.clients.sqs, QueueName, queueAttributes(attributes));
  return {
    ref: url,
    attributes: {
      Arn: `arn:aws:sqs:${context.region}:${context.accountId}:${QueueName}`,
      QueueName,
      QueueUrl: url,
    },
  };
};

export const createQueuePolicy: CreateResource = async (logicalId, properties, context) => {
  const { PolicyDocument, Queues } = policyProperties.parse(properties);
  for (const QueueUrl of Queues)
    await context.clients.sqs.send(
      new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: PolicyDocument } }),
    );
  return { ref: physicalName(logicalId, context), attributes: {} };
};

async function ensureQueue(
  sqs: SQSClient,
  QueueName: string,
  Attributes: Record<string, string>,
): Promise<string> {
  const existing = await existingQueue(sqs, QueueName);
  if (existing === undefined) {
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
    return QueueUrl;
  }
  const { FifoQueue: _, ...changeable } = Attributes;
  if (Object.keys(changeable).length > 0)
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: existing, Attributes: changeable }));
  return existing;
}

async function existingQueue(sqs: SQSClient, QueueName: string): Promise<string | undefined> {
  try {
    return (await sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl;
  } catch (error) {
    if (error instanceof QueueDoesNotExist) return undefined;
    throw error;
  }
}

/** Returns the properties that were set and are attributes, without the inert ones. */
function queueAttributes(properties: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.keys(attributesShape).flatMap((name) => {
      const value = properties[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}
