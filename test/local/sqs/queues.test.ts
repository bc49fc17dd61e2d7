import { randomUUID } from 'node:crypto';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  SQSClient,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientConfig, ISV, type Services, startServices } from '../../support/services.ts';

describe('queues', () => {
  let services: Services;
  let sqs: SQSClient;

  beforeAll(async () => {
    services = await startServices();
    sqs = new SQSClient(clientConfig(services));
  });
  afterAll(async () => services.close());

  const create = async (attributes: Record<string, string> = {}, name: string = randomUUID()) =>
    (await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }))).QueueUrl ?? '';

  test('live at the endpoint that created them', async () => {
    expect(await create({}, 'uploads')).toBe(`${services.endpoint}/${ISV}/uploads`);
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'uploads' }));
    expect(QueueUrl).toBe(`${services.endpoint}/${ISV}/uploads`);
  });

  test('can be created again with the same attributes and with none', async () => {
    const url = await create({ VisibilityTimeout: '60' }, 'again');
    expect(await create({ VisibilityTimeout: '60' }, 'again')).toBe(url);
    expect(await create({}, 'again')).toBe(url);
    await expect(create({ VisibilityTimeout: '61' }, 'again')).rejects.toMatchObject({
      name: 'QueueNameExists',
    });
  });

  test('answer the attributes that were asked for, and none where none were', async () => {
    const QueueUrl = await create({ DelaySeconds: '7' });
    const none = await sqs.send(new GetQueueAttributesCommand({ QueueUrl }));
    expect(none.Attributes).toBeUndefined();
    const some = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['DelaySeconds', 'QueueArn'] }),
    );
    expect(some.Attributes).toMatchObject({ DelaySeconds: '7' });
    expect(Object.keys(some.Attributes ?? {})).toHaveLength(2);
  });

  test('are unknown once deleted, and to those who misspell them', async () => {
    const QueueUrl = await create();
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    const sending = sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'late' }));
    await expect(sending).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('belong to an account and a region each', async () => {
    await create({}, 'mine');
    const other = new SQSClient(clientConfig(services, '111111111111'));
    const { QueueUrls = [] } = await other.send(new ListQueuesCommand({}));
    expect(QueueUrls).toEqual([]);
    await expect(other.send(new GetQueueUrlCommand({ QueueName: 'mine' }))).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
    });
  });

  test('refuse attributes out of range, unknown ones, and a dead letter queue that is not there', async () => {
    const redrive = { deadLetterTargetArn: `arn:aws:sqs:us-east-1:${ISV}:nowhere`, maxReceiveCount: 3 };
    await expect(create({ VisibilityTimeout: '43201' })).rejects.toMatchObject({
      name: 'InvalidAttributeValue',
    });
    await expect(create({ Colour: 'blue' })).rejects.toMatchObject({ name: 'InvalidAttributeName' });
    await expect(create({ RedrivePolicy: JSON.stringify(redrive) })).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    });
  });

  test('do not pretend to be FIFO or encrypted by KMS', async () => {
    await expect(create({}, 'orders.fifo')).rejects.toMatchObject({ name: 'NotImplemented' });
    await expect(create({ KmsMasterKeyId: 'alias/aws/sqs' })).rejects.toMatchObject({
      name: 'NotImplemented',
      $metadata: { httpStatusCode: 501 },
    });
  });

  test('take messages from another account only where their policy allows it', async () => {
    const other = new SQSClient(clientConfig(services, '222222222222'));
    const QueueUrl = await create();
    const send = async () => other.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }));
    await expect(send()).rejects.toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
    const statement = {
      Effect: 'Allow',
      Principal: { AWS: '222222222222' },
      Action: 'sqs:SendMessage',
      Resource: '*',
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    expect((await send()).MessageId).toBeDefined();
  });

  test('let a role do what its statements say and nothing else', async () => {
    const QueueUrl = await create({}, 'guarded');
    const Resource = `arn:aws:sqs:us-east-1:${ISV}:guarded`;
    services.roles.put(`arn:aws:iam::${ISV}:role/sender`, [
      { Statement: [{ Effect: 'Allow', Action: 'sqs:SendMessage', Resource }] },
    ]);
    const role = new SQSClient(clientConfig(services, `${ISV}.sender`));
    expect((await role.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))).MessageId).toBeDefined();
    await expect(role.send(new DeleteQueueCommand({ QueueUrl }))).rejects.toMatchObject({
      name: 'AccessDenied',
    });
  });
});
