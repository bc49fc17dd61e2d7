/** A queue as SQS keeps it. It delivers at least once and in any order, and hides a message while somebody works on it. */
import { randomUUID } from 'node:crypto';
import type { SQSRecord } from 'aws-lambda';

export interface Queue {
  send(body: string): void;
  /** Returns the number of messages that can be received now. */
  visible(): number;
  size(): number;
  /** Receives the `index`th visible message, and hides it for the visibility timeout. Returns undefined when none is visible. */
  receive(index: number): SQSRecord | undefined;
  remove(messageId: string): void;
  hide(messageId: string, seconds: number): void;
}

interface Queued {
  readonly id: string;
  readonly body: string;
  readonly sentMs: number;
  visibleFromMs: number;
  receives: number;
}

const VISIBILITY_SECONDS = 120;

export function queue(): Queue {
  const messages = new Map<string, Queued>();
  const visible = (): readonly Queued[] =>
    [...messages.values()].filter(({ visibleFromMs }) => visibleFromMs <= Date.now());
  function hide(id: string, seconds: number): void {
    const message = messages.get(id);
    if (message !== undefined) message.visibleFromMs = Date.now() + seconds * 1000;
  }
  return {
    send(body) {
      const id = randomUUID();
      messages.set(id, { id, body, sentMs: Date.now(), visibleFromMs: Date.now(), receives: 0 });
    },
    visible: () => visible().length,
    size: () => messages.size,
    receive(index) {
      const candidates = visible();
      const message = candidates[index % candidates.length];
      if (message === undefined) return undefined;
      message.receives += 1;
      hide(message.id, VISIBILITY_SECONDS);
      return recordOf(message);
    },
    remove: (id) => void messages.delete(id),
    hide,
  };
}

function recordOf({ id, body, sentMs, receives }: Queued): SQSRecord {
  return {
    messageId: id,
    receiptHandle: `handle-${id}`,
    body,
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: String(sentMs),
      SenderId: 'sender',
      ApproximateFirstReceiveTimestamp: String(sentMs),
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:fleet',
    awsRegion: 'us-east-1',
  };
}
