import { GetQueueAttributesCommand, SendMessageBatchCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EventSourceMapping, startPolling } from '../../../local/lambda/event-source-mapping.ts';
import { fixtureRoleArn, type LocalLambda, startLocalLambda } from './local-lambda.ts';

/**
 * A function that logs every event. It fails a message whose body asks for it, once each, and the whole batch for
 * `throw`.
 */
const consumer = `
  const seen = new Set();
  exports.handler = async ({ Records }) => {
    console.log(JSON.stringify({ Records }));
    const failed = Records.filter((r) => r.body.startsWith('fail') && !seen.has(r.messageId));
    const thrown = Records.some((r) => r.body.startsWith('throw') && !seen.has(r.messageId));
    for (const r of Records) seen.add(r.messageId);
    if (thrown) throw new Error('whole batch');
    return { batchItemFailures: failed.map((r) => ({ itemIdentifier: r.messageId })) };
  };`;

/** A time by the local clock: it never passes while a function works. */
const VISIBILITY_SECONDS = 600;

let local: LocalLambda;
let queue: { url: string; arn: string };
beforeEach(async () => {
  local = await startLocalLambda();
  queue = await local.createQueue('work', { VisibilityTimeout: String(VISIBILITY_SECONDS) });
});
afterEach(() => local.close());

async function startConsumer(mapping: Partial<EventSourceMapping> = {}): Promise<void> {
  const pool = await local.add(consumer);
  const poller = startPolling(
    {
      queueArn: queue.arn,
      batchSize: 10,
      maximumBatchingWindowSeconds: 0,
      reportBatchItemFailures: true,
      ...mapping,
    },
    { pool, endpoint: local.endpoint, onLine: local.log },
  );
  local.onClose(() => poller.close());
}

/** Returns the events that the function has seen so far. */
function batches(): readonly SQSRecord[][] {
  return local.lines
    .filter((line) => line.startsWith('{"Records"'))
    .map((line): SQSRecord[] => JSON.parse(line).Records);
}

function bodies(): readonly string[] {
  return batches()
    .flat()
    .map(({ body }) => body);
}

async function send(...messages: string[]): Promise<void> {
  const Entries = messages.map((MessageBody, index) => ({ Id: String(index), MessageBody }));
  await local.sqs.send(new SendMessageBatchCommand({ QueueUrl: queue.url, Entries }));
}

async function passVisibility(): Promise<void> {
  await local.clock.advance(VISIBILITY_SECONDS * 1000);
}

async function messagesLeft(): Promise<number> {
  const { Attributes } = await local.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queue.url, AttributeNames: ['All'] }),
  );
  return (
    Number(Attributes?.['ApproximateNumberOfMessages']) +
    Number(Attributes?.['ApproximateNumberOfMessagesNotVisible'])
  );
}

test('a function gets records of exactly the shape that Lambda gives them', async () => {
  await local.sqs.send(
    new SendMessageCommand({
      QueueUrl: queue.url,
      MessageBody: 'hello',
      MessageGroupId: 'tenant-a',
      MessageAttributes: {
        text: { DataType: 'String', StringValue: 'x' },
        bytes: { DataType: 'Binary', BinaryValue: Buffer.from('x') },
      },
    }),
  );
  await startConsumer();
  await expect.poll(bodies).toEqual(['hello']);
  expect(batches()[0]?.[0]).toEqual({
    messageId: expect.stringMatching(/^[\da-f-]{36}$/),
    receiptHandle: expect.any(String),
    body: 'hello',
    attributes: expect.objectContaining({
      ApproximateReceiveCount: '1',
      ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
      MessageGroupId: 'tenant-a',
      SenderId: expect.any(String),
      SentTimestamp: expect.stringMatching(/^\d{13}$/),
    }),
    messageAttributes: {
      text: { stringValue: 'x', stringListValues: [], binaryListValues: [], dataType: 'String' },
      bytes: { binaryValue: 'eA==', stringListValues: [], binaryListValues: [], dataType: 'Binary' },
    },
    md5OfMessageAttributes: expect.any(String),
    md5OfBody: '5d41402abc4b2a76b9719d911017c592',
    eventSource: 'aws:sqs',
    eventSourceARN: queue.arn,
    awsRegion: 'us-east-1',
  });
});

test('only the messages that a function names as failed come back', async () => {
  await send('one', 'fail', 'two');
  await startConsumer();
  await expect.poll(messagesLeft).toBe(1);
  await passVisibility();
  await expect.poll(messagesLeft).toBe(0);
  // The output travels apart from the responses, and may arrive a little later.
  await expect.poll(() => bodies().toSorted()).toEqual(['fail', 'fail', 'one', 'two']);
});

test('a function that throws gets its whole batch again after the visibility timeout', async () => {
  await send('one', 'throw');
  await startConsumer();
  await expect.poll(() => local.lines.join('\n')).toContain('whole batch');
  expect(await messagesLeft()).toBe(2);
  await passVisibility();
  await expect.poll(messagesLeft).toBe(0);
  await expect.poll(() => bodies().filter((body) => body === 'one')).toHaveLength(2);
});

test('a batching window fills batches beyond the ten messages of one receive', async () => {
  await send(...Array.from({ length: 10 }, (_, index) => `first ${index}`));
  await send(...Array.from({ length: 5 }, (_, index) => `second ${index}`));
  await startConsumer({ batchSize: 15, maximumBatchingWindowSeconds: 5 });
  await expect.poll(messagesLeft).toBe(0);
  await expect.poll(() => batches().map((batch) => batch.length)).toEqual([15]);
});

test('a batch of messages that are too large together takes several invocations', async () => {
  const large = 'x'.repeat(2 ** 20 - 4096);
  for (let index = 0; index < 7; index += 1)
    await local.sqs.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: large }));
  await startConsumer();
  await expect.poll(messagesLeft).toBe(0);
  expect(local.lines.filter((line) => line.startsWith('START')).length).toBeGreaterThan(1);
});

test('a role without sqs:ReceiveMessage gets nothing, and the log says why', async () => {
  local.roles.put(fixtureRoleArn, []);
  await send('one');
  await startConsumer();
  await expect.poll(() => local.lines.join('\n')).toContain('AccessDenied');
  expect(bodies()).toEqual([]);
});
