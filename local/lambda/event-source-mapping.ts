/**
 * An SQS event source mapping. It polls a queue with the function's role, invokes the function with batches, and
 * deletes the messages that succeeded. Failed messages come back after the queue's visibility timeout.
 */
import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { SQSRecord } from 'aws-lambda';
import { succeeded } from './partial-batch.ts';
import type { SandboxPool } from './pool.ts';
import { queueUrl, roleQueueClient } from './role-queue.ts';
import { eventsOf, sqsRecord } from './sqs-record.ts';

export interface EventSourceMapping {
  readonly queueArn: string;
  /** 1 to 10,000; above 10 only with a batching window. Default 10. */
  readonly batchSize: number;
  /** Seconds to wait for a batch to fill, 0 to 300. Default 0. */
  readonly maximumBatchingWindowSeconds: number;
  /** The most invocations at a time. Default: the number of the function's sandboxes. */
  readonly maximumConcurrency?: number;
  readonly reportBatchItemFailures: boolean;
}

export interface Poller {
  /** Stops receiving, and resolves when running batches are settled. */
  close(): Promise<void>;
}

export interface PollerDependencies {
  readonly pool: SandboxPool;
  readonly endpoint: string;
  readonly onLine: (line: string) => void;
}

interface Polling extends PollerDependencies {
  readonly mapping: EventSourceMapping;
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly signal: AbortSignal;
}

const LONG_POLL_SECONDS = 20;
const MAX_RECEIVED = 10;
const RETRY_AFTER_ERROR_MS = 1000;
/** The limit of a synchronous invocation, less `{"Records":[]}`. */
const MAX_EVENT_BYTES = 6 * 2 ** 20 - 14;

export function startPolling(mapping: EventSourceMapping, dependencies: PollerDependencies): Poller {
  const { pool, endpoint } = dependencies;
  const closing = new AbortController();
  const client = roleQueueClient(pool.fn, endpoint);
  const polling: Polling = {
    ...dependencies,
    mapping,
    client,
    queueUrl: queueUrl(mapping.queueArn, endpoint),
    signal: closing.signal,
  };
  const pollers = Math.min(pool.maximumSandboxes, mapping.maximumConcurrency ?? Infinity);
  const done = Promise.all(Array.from({ length: pollers }, () => poll(polling)));
  return {
    async close() {
      closing.abort();
      await done;
      client.destroy();
    },
  };
}

async function poll(polling: Polling): Promise<void> {
  const { signal, onLine, mapping } = polling;
  while (!signal.aborted) {
    try {
      const messages = await receiveBatch(polling);
      for (const records of eventsOf(
        messages.map((message) => sqsRecord(message, mapping.queueArn)),
        MAX_EVENT_BYTES,
      ))
        await processBatch(polling, records);
    } catch (error) {
      if (signal.aborted) return;
      onLine(`event source mapping of ${mapping.queueArn}: ${String(error)}`);
      await delay(RETRY_AFTER_ERROR_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Makes one long poll and, within the batching window, more of them until the batch is full. */
async function receiveBatch(polling: Polling): Promise<Message[]> {
  const { batchSize, maximumBatchingWindowSeconds } = polling.mapping;
  const batch = await receive(polling, batchSize, LONG_POLL_SECONDS);
  const endMs = performance.now() + maximumBatchingWindowSeconds * 1000;
  while (batch.length > 0 && batch.length < batchSize && !polling.signal.aborted) {
    const waitSeconds = Math.min(LONG_POLL_SECONDS, Math.ceil((endMs - performance.now()) / 1000));
    if (waitSeconds <= 0) break;
    batch.push(...(await receive(polling, batchSize - batch.length, waitSeconds)));
  }
  return batch;
}

async function receive(polling: Polling, wanted: number, waitSeconds: number): Promise<Message[]> {
  const { client, signal } = polling;
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: polling.queueUrl,
      MaxNumberOfMessages: Math.min(MAX_RECEIVED, wanted),
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    }),
    { abortSignal: signal },
  );
  return Messages;
}

async function processBatch({ pool, mapping, ...polling }: Polling, records: SQSRecord[]): Promise<void> {
  const event = JSON.stringify({ Records: records });
  const result = await pool.invoke({ requestId: randomUUID(), event });
  const ids = records.map(({ messageId }) => messageId);
  const done = new Set(succeeded(ids, result, mapping.reportBatchItemFailures));
  const entries = records
    .filter(({ messageId }) => done.has(messageId))
    .map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle }));
  for (let start = 0; start < entries.length; start += MAX_RECEIVED)
    await polling.client.send(
      new DeleteMessageBatchCommand({
        QueueUrl: polling.queueUrl,
        Entries: entries.slice(start, start + MAX_RECEIVED),
      }),
    );
}
