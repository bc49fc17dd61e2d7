import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientConfig, ISV, rootCaller, type Services, startServices } from '../../support/services.ts';

describe('messages', () => {
  let services: Services;
  let sqs: SQSClient;

  beforeAll(async () => {
    services = await startServices();
    sqs = new SQSClient(clientConfig(services));
  });
  afterAll(async () => services.close());

  const create = async (attributes: Record<string, string> = {}, name: string = randomUUID()) =>
    (await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }))).QueueUrl ?? '';
  const send = async (QueueUrl: string, MessageBody: string) =>
    sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  const receive = async (QueueUrl: string, more: Partial<ReceiveMessageCommandInput> = {}) =>
    (await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, ...more }))).Messages ??
    [];
  const count = async (
    QueueUrl: string,
    name: 'ApproximateNumberOfMessages' | 'ApproximateNumberOfMessagesNotVisible',
  ) =>
    (await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [name] }))).Attributes?.[name];

  test('arrive with their body, attributes, group and timestamps', async () => {
    const QueueUrl = await create();
    const MessageAttributes = { kind: { DataType: 'String', StringValue: 'job' } };
    const command = { QueueUrl, MessageBody: 'tenant job', MessageGroupId: 'acme', MessageAttributes };
    const sent = await sqs.send(new SendMessageCommand(command));
    const [message] = await receive(QueueUrl, {
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    expect(message).toMatchObject({ Body: 'tenant job', MessageId: sent.MessageId, MessageAttributes });
    expect(message?.MD5OfMessageAttributes).toBe(sent.MD5OfMessageAttributes);
    expect(message?.Attributes).toMatchObject({
      MessageGroupId: 'acme',
      ApproximateReceiveCount: '1',
      SenderId: ISV,
    });
    expect(Number(message?.Attributes?.SentTimestamp)).toBeGreaterThan(1.7e12);
  });

  test('carry the MD5 of attributes that AWS documents', async () => {
    const QueueUrl = await create();
    const MessageAttributes = { a: { DataType: 'String', StringValue: 'b' } };
    const parts = [0, 0, 0, 1, 97, 0, 0, 0, 6, ...Buffer.from('String'), 1, 0, 0, 0, 1, 98];
    const { MD5OfMessageAttributes } = await sqs.send(
      new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageAttributes }),
    );
    expect(MD5OfMessageAttributes).toBe(createHash('md5').update(Buffer.from(parts)).digest('hex'));
  });

  test('stay hidden until their visibility timeout by the clock, then come again with a higher count', async () => {
    const QueueUrl = await create({ VisibilityTimeout: '600' });
    await send(QueueUrl, 'once more');
    expect(await receive(QueueUrl)).toHaveLength(1);
    expect(await receive(QueueUrl)).toHaveLength(0);
    expect(await count(QueueUrl, 'ApproximateNumberOfMessagesNotVisible')).toBe('1');
    await services.clock.advance(600_000);
    const [again] = await receive(QueueUrl, { MessageSystemAttributeNames: ['ApproximateReceiveCount'] });
    expect(again?.Attributes).toEqual({ ApproximateReceiveCount: '2' });
  });

  test('come back at once when their visibility is set to 0', async () => {
    const QueueUrl = await create({ VisibilityTimeout: '600' });
    await send(QueueUrl, 'back');
    const [message] = await receive(QueueUrl);
    const change = { QueueUrl, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 0 };
    await sqs.send(new ChangeMessageVisibilityCommand(change));
    expect(await receive(QueueUrl)).toHaveLength(1);
    await expect(sqs.send(new ChangeMessageVisibilityCommand(change))).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    });
  });

  test('are gone when deleted, even after the visibility timeout, but not by the receipt of an earlier receive', async () => {
    const QueueUrl = await create({ VisibilityTimeout: '0' });
    await send(QueueUrl, 'delete me');
    const [first] = await receive(QueueUrl);
    const [second] = await receive(QueueUrl);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first?.ReceiptHandle }));
    expect(await count(QueueUrl, 'ApproximateNumberOfMessages')).toBe('1');
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: second?.ReceiptHandle }));
    expect(await count(QueueUrl, 'ApproximateNumberOfMessages')).toBe('0');
    const garbage = sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'garbage' }));
    await expect(garbage).rejects.toMatchObject({ name: 'ReceiptHandleIsInvalid' });
  });

  test('move to the dead letter queue once received too often, with their id and where they came from', async () => {
    const name = randomUUID();
    const deadUrl = await create({}, `${name}-dead`);
    const deadLetterTargetArn = `arn:aws:sqs:us-east-1:${ISV}:${name}-dead`;
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: '2' });
    const QueueUrl = await create({ VisibilityTimeout: '0', RedrivePolicy }, name);
    const { MessageId } = await send(QueueUrl, 'poison');
    expect(await receive(QueueUrl)).toHaveLength(1);
    expect(await receive(QueueUrl)).toHaveLength(1);
    expect(await receive(QueueUrl)).toHaveLength(0);
    const [dead] = await receive(deadUrl, { MessageSystemAttributeNames: ['All'] });
    expect(dead).toMatchObject({ MessageId, Body: 'poison' });
    expect(dead?.Attributes).toMatchObject({
      DeadLetterQueueSourceArn: `arn:aws:sqs:us-east-1:${ISV}:${name}`,
    });
  });

  test('reach a long poll as soon as they are sent', async () => {
    const QueueUrl = await create();
    const startedMs = Date.now();
    const polling = receive(QueueUrl, { WaitTimeSeconds: 20 });
    await send(QueueUrl, 'wake up');
    expect(await polling).toHaveLength(1);
    // A message that only the end of the poll would show came after 20 seconds.
    expect(Date.now() - startedMs).toBeLessThan(20_000);
  });

  test('wake a long poll when the clock passes their delay', async () => {
    const QueueUrl = await create();
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'later', DelaySeconds: 900 }));
    const polling = receive(QueueUrl, { WaitTimeSeconds: 20 });
    expect(await receive(QueueUrl)).toHaveLength(0);
    await services.clock.advance(900_000);
    expect(await polling).toHaveLength(1);
  });

  test('are not handed to a long poll whose caller has hung up', async () => {
    const QueueUrl = await create();
    const abort = new AbortController();
    const input = { QueueUrl, WaitTimeSeconds: 20 };
    const polling = services.sqs.call('ReceiveMessage', input, rootCaller(abort.signal));
    abort.abort();
    expect(await polling).toEqual({});
    await send(QueueUrl, 'for the living');
    expect(await receive(QueueUrl)).toHaveLength(1);
  });

  test('may be 1 MiB and not a byte more', async () => {
    const QueueUrl = await create();
    await send(QueueUrl, 'x'.repeat(1_048_576));
    await expect(send(QueueUrl, 'x'.repeat(1_048_577))).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    });
    const [message] = await receive(QueueUrl);
    expect(message?.Body).toHaveLength(1_048_576);
  });

  test('are lost after the retention period', async () => {
    const QueueUrl = await create({ MessageRetentionPeriod: '60' });
    await send(QueueUrl, 'too late');
    await services.clock.advance(61_000);
    expect(await receive(QueueUrl)).toHaveLength(0);
  });

  test('succeed and fail one by one in a batch', async () => {
    const QueueUrl = await create();
    const Entries = [
      { Id: 'good', MessageBody: 'fine', MessageGroupId: 'acme' },
      { Id: 'bad', MessageBody: '\u0000' },
    ];
    const { Successful, Failed } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    expect(Successful).toMatchObject([{ Id: 'good' }]);
    expect(Failed).toMatchObject([{ Id: 'bad', SenderFault: true, Code: 'InvalidMessageContents' }]);
    const [message] = await receive(QueueUrl, { MessageSystemAttributeNames: ['MessageGroupId'] });
    expect(message?.Attributes).toEqual({ MessageGroupId: 'acme' });
    const deleted = await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: [{ Id: '0', ReceiptHandle: message?.ReceiptHandle }],
      }),
    );
    expect(deleted.Successful).toEqual([{ Id: '0' }]);
  });

  test('are refused as a batch of none, of eleven, of equal ids, or of more than 1 MiB', async () => {
    const QueueUrl = await create();
    const entries = (length: number, id: (at: number) => string, MessageBody: string) =>
      sqs.send(
        new SendMessageBatchCommand({
          QueueUrl,
          Entries: Array.from({ length }, (_, at) => ({ Id: id(at), MessageBody })),
        }),
      );
    await expect(entries(0, String, 'x')).rejects.toMatchObject({ name: 'EmptyBatchRequest' });
    await expect(entries(11, String, 'x')).rejects.toMatchObject({ name: 'TooManyEntriesInBatchRequest' });
    await expect(entries(2, () => 'same', 'x')).rejects.toMatchObject({ name: 'BatchEntryIdsNotDistinct' });
    await expect(entries(2, String, 'x'.repeat(600_000))).rejects.toMatchObject({
      name: 'BatchRequestTooLong',
    });
  });

  test('survive a restart, in flight or not, with their counts', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'sqs-'));
    const before = await startServices(dataDir);
    const client = new SQSClient(clientConfig(before));
    await client.send(
      new CreateQueueCommand({ QueueName: 'durable', Attributes: { VisibilityTimeout: '0' } }),
    );
    const QueueUrl = `${before.endpoint}/${ISV}/durable`;
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'kept', MessageGroupId: 'acme' }));
    await client.send(new ReceiveMessageCommand({ QueueUrl }));
    await before.close();
    const after = await startServices(dataDir);
    const { Messages } = await new SQSClient(clientConfig(after)).send(
      new ReceiveMessageCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    expect(Messages).toMatchObject([
      { Body: 'kept', Attributes: { ApproximateReceiveCount: '2', MessageGroupId: 'acme' } },
    ]);
    await after.close();
    await rm(dataDir, { recursive: true });
  });
});
