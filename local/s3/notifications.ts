/**
 * The outbox of notifications. A notification is written in the transaction of its change and delivered after it,
 * at least once, also across a restart. As in AWS notifications may arrive twice or out of order; the sequencer
 * shows the order.
 */
import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { AwsError, type Clock, type Deliver, type Sender } from '../front/service.ts';
import { wanting } from './notification-configuration.ts';
import { eventBridgeEvent, notificationOf, type ObjectChange } from './notification-event.ts';
import { jsonColumn } from './row.ts';

export interface Notifications {
  /**
   * Records a change for every destination that wants it. Call it in the transaction of the change, and `wake`
   * after.
   */
  announce(change: ObjectChange): void;
  /** Starts the deliveries that are due. */
  wake(): void;
  /** Resolves when no delivery is under way. The others wait for the next start. */
  close(): Promise<void>;
}

export interface NotificationPorts {
  readonly database: DatabaseSync;
  readonly clock: Clock;
  readonly deliver: Deliver;
}

const payloadSchema = z.record(z.string(), z.unknown());

/**
 * The message for a queue or a function. Its records name the bucket, for which the receiver's policy must allow S3
 * to send. An event for EventBridge has no records.
 */
const recordsSchema = z.object({
  Records: z.tuple([z.object({ s3: z.object({ bucket: z.object({ name: z.string() }) }) })]),
});
const ownerSchema = z.object({ account_id: z.string() });

const row = z.object({
  id: z.int(),
  target_arn: z.string(),
  payload: jsonColumn(payloadSchema),
  attempts: z.int(),
});

type Row = z.infer<typeof row>;

/** Deliveries under way at once. */
const BATCH = 16;
const MIN_RETRY_MS = 500;
const MAX_RETRY_MS = 60_000;

export function createNotifications({ database, clock, deliver }: NotificationPorts): Notifications {
  const statements = prepare(database);
  const senderOf = (payload: object): Sender | undefined => {
    const name = recordsSchema.safeParse(payload).data?.Records[0].s3.bucket.name;
    if (name === undefined) return undefined;
    const owner = ownerSchema.safeParse(statements.owner.get(name)).data;
    const sourceAccountId = owner?.account_id ?? '';
    return { service: 's3.amazonaws.com', sourceArn: `arn:aws:s3:::${name}`, sourceAccountId };
  };
  const timers = new Set<NodeJS.Timeout>();
  let draining: Promise<void> | undefined;
  let closed = false;
  /** True when more may be due than the drain has seen. */
  let mayBeDue = true;
  const attempt = async ({ id, target_arn, payload, attempts }: Row): Promise<void> => {
    try {
      await deliver(target_arn, payload, senderOf(payload));
      statements.remove.run(id);
    } catch (error) {
      if (isFinal(error)) return void statements.remove.run(id);
      const retryMs = Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** attempts);
      statements.postpone.run(clock.now() + retryMs, id);
      timers.add(setTimeout(retry, retryMs).unref());
    }
  };
  const drain = async (): Promise<void> => {
    while (mayBeDue) {
      const rows = due();
      mayBeDue = rows.length === BATCH;
      await Promise.all(rows.map(attempt));
    }
    draining = undefined;
  };
  const due = (): readonly Row[] =>
    closed ? [] : statements.due.all(clock.now(), BATCH).map((found) => row.parse(found));
  const wake = (): void => {
    if (!closed && mayBeDue) draining ??= Promise.resolve().then(drain);
  };
  const retry = (): void => {
    mayBeDue = true;
    wake();
  };
  statements.restart.run();
  return {
    wake,
    announce: (change) => {
      for (const [arn, payload] of messagesOf(change)) {
        statements.add.run(arn, JSON.stringify(payload));
        mayBeDue = true;
      }
    },
    async close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      await draining;
    },
  };
}

function prepare(database: DatabaseSync) {
  return {
    add: database.prepare('INSERT INTO notifications (target_arn, payload) VALUES (?, ?)'),
    due: database.prepare('SELECT * FROM notifications WHERE due_ms <= ? ORDER BY id LIMIT ?'),
    remove: database.prepare('DELETE FROM notifications WHERE id = ?'),
    postpone: database.prepare('UPDATE notifications SET attempts = attempts + 1, due_ms = ? WHERE id = ?'),
    owner: database.prepare('SELECT account_id FROM buckets WHERE name = ?'),
    restart: database.prepare('UPDATE notifications SET attempts = 0, due_ms = 0'),
  };
}

function messagesOf(change: ObjectChange): readonly (readonly [arn: string, payload: object])[] {
  const { bucket, kind, key } = change;
  const messages: (readonly [string, object])[] = wanting(bucket.notification, kind, key).map(
    ({ id, arn }) => [arn, notificationOf(change, id)] as const,
  );
  if (!bucket.notification.eventBridge) return messages;
  const bus = `arn:aws:events:${bucket.region}:${bucket.accountId}:event-bus/default`;
  return [...messages, [bus, eventBridgeEvent(change)]];
}

/** True for a destination that refuses for another reason than being busy: it will refuse again. */
function isFinal(error: unknown): boolean {
  return (
    error instanceof AwsError && error.status < 500 && !/Throttl|SlowDown|TooManyRequests/.test(error.code)
  );
}
