/**
 * The store of queues and messages: one SQLite file, or memory when there is no data folder. A long queue and a
 * restart therefore cost nothing. Every method is one atomic step.
 */
import type { SQLInputValue } from 'node:sqlite';
import * as z from 'zod';
import { inTransaction, openDatabase } from '../sqlite/database.ts';
import type { Queue } from './queue.ts';

export interface StoredMessage {
  readonly seq: number;
  readonly id: string;
  readonly body: string;
  /** The MessageAttributes as they were sent, in JSON. */
  readonly attributes: string;
  readonly groupId: string | null;
  readonly sender: string;
  readonly sentMs: number;
  readonly received: number;
  readonly firstReceivedMs: number | null;
  /** The ARN of the queue from which it was moved as a dead letter. */
  readonly source: string | null;
}

interface NewMessage {
  readonly id: string;
  readonly body: string;
  readonly attributes: string;
  readonly groupId?: string;
  readonly sender: string;
  readonly sentMs: number;
  readonly visibleMs: number;
}

interface Counts {
  readonly visible: number;
  readonly delayed: number;
  readonly inFlight: number;
}

export interface SqsStore {
  /** Runs `work` completely or not at all. `work` must be synchronous. Many writes cost little more so than one. */
  readonly atomically: <T>(work: () => T) => T;
  queue(arn: string): Queue | undefined;
  queues(): readonly Queue[];
  putQueue(queue: Queue): void;
  deleteQueue(arn: string): void;
  insert(arn: string, message: NewMessage): void;
  /** Returns the message that has been visible longest at `nowMs`, of no group in `excluded`. It does not mark it. */
  visible(arn: string, nowMs: number, excluded: readonly string[]): StoredMessage | undefined;
  /** Returns the message of one group that has been visible longest at `nowMs`. It does not mark it. */
  visibleOf(arn: string, nowMs: number, groupId: string): StoredMessage | undefined;
  /** Returns the number of messages in flight by group. */
  inFlight(arn: string, nowMs: number): ReadonlyMap<string | null, number>;
  /** Counts a receive and hides the message until `visibleMs` under `receipt`. */
  hide(seq: number, receipt: string, nowMs: number, visibleMs: number): void;
  /** Moves a dead letter. It keeps its id, body and sent time. */
  move(seq: number, toArn: string, fromArn: string, nowMs: number): void;
  /** Removes a message. Returns false when it is gone or was received again under another receipt. */
  remove(seq: number, receipt: string): boolean;
  /** Sets when a message becomes visible. Returns false when it is not in flight under `receipt`. */
  setVisible(seq: number, receipt: string, nowMs: number, visibleMs: number): boolean;
  /** Returns the time at which the next hidden or delayed message becomes visible; undefined when there is none. */
  nextVisibleMs(arn: string, nowMs: number): number | undefined;
  counts(arn: string, nowMs: number): Counts;
  purge(arn: string): void;
  /** Deletes messages that were sent before `cutoffMs`. */
  expire(arn: string, cutoffMs: number): void;
  close(): void;
}

const messageSchema: z.ZodType<StoredMessage> = z.object({
  seq: z.number(),
  id: z.string(),
  body: z.string(),
  attributes: z.string(),
  groupId: z.string().nullable(),
  sender: z.string(),
  sentMs: z.number(),
  received: z.number(),
  firstReceivedMs: z.number().nullable(),
  source: z.string().nullable(),
});
const countsSchema: z.ZodType<Counts> = z.object({
  visible: z.number(),
  delayed: z.number(),
  inFlight: z.number(),
});
const groupSchema = z.object({ groupId: z.string().nullable(), messages: z.number() });
const nextSchema = z.object({ at: z.number().nullable() });

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS queue (arn TEXT PRIMARY KEY, record TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS message (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
    attributes TEXT NOT NULL, groupId TEXT, sender TEXT NOT NULL, sentMs INTEGER NOT NULL, visibleMs INTEGER NOT NULL,
    received INTEGER NOT NULL DEFAULT 0, firstReceivedMs INTEGER, receipt TEXT, source TEXT);
  CREATE INDEX IF NOT EXISTS messageTurn ON message (queue, visibleMs, seq, groupId);
  CREATE INDEX IF NOT EXISTS messageSent ON message (queue, sentMs);
`;

const STATEMENTS = {
  queue: 'SELECT record FROM queue WHERE arn = ?',
  queues: 'SELECT record FROM queue ORDER BY arn',
  putQueue: 'INSERT OR REPLACE INTO queue (arn, record) VALUES (?, ?)',
  deleteQueue: 'DELETE FROM queue WHERE arn = ?',
  purge: 'DELETE FROM message WHERE queue = ?',
  expire: 'DELETE FROM message WHERE queue = ? AND sentMs < ?',
  insert: `INSERT INTO message (queue, id, body, attributes, groupId, sender, sentMs, visibleMs)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  visible: `SELECT * FROM message WHERE queue = ? AND visibleMs <= ?
    AND (groupId IS NULL OR groupId NOT IN (SELECT value FROM json_each(?))) ORDER BY visibleMs, seq LIMIT 1`,
  visibleOf: `SELECT * FROM message WHERE queue = ? AND visibleMs <= ? AND groupId = ?
    ORDER BY visibleMs, seq LIMIT 1`,
  inFlight: `SELECT groupId, count(*) AS messages FROM message
    WHERE queue = ? AND visibleMs > ? AND receipt IS NOT NULL GROUP BY groupId`,
  hide: `UPDATE message SET received = received + 1, firstReceivedMs = coalesce(firstReceivedMs, ?), receipt = ?,
    visibleMs = ? WHERE seq = ?`,
  move: 'UPDATE message SET queue = ?, source = ?, visibleMs = ?, receipt = NULL WHERE seq = ?',
  remove: 'DELETE FROM message WHERE seq = ? AND receipt = ?',
  setVisible: 'UPDATE message SET visibleMs = ? WHERE seq = ? AND receipt = ? AND visibleMs > ?',
  nextVisible: 'SELECT min(visibleMs) AS at FROM message WHERE queue = ? AND visibleMs > ?',
  counts: `SELECT count(*) FILTER (WHERE visibleMs <= :now) AS visible,
    count(*) FILTER (WHERE visibleMs > :now AND receipt IS NULL) AS delayed,
    count(*) FILTER (WHERE visibleMs > :now AND receipt IS NOT NULL) AS inFlight
    FROM message WHERE queue = :queue`,
} as const;

/** Opens the store. */
export function openSqsStore(file: string): SqsStore {
  const database = openDatabase(file, SCHEMA);
  const prepare = (name: keyof typeof STATEMENTS) => database.prepare(STATEMENTS[name]);
  const run = (name: keyof typeof STATEMENTS): ((...values: SQLInputValue[]) => number) => {
    const statement = prepare(name);
    return (...values) => Number(statement.run(...values).changes);
  };
  const one = {
    queue: prepare('queue'),
    visible: prepare('visible'),
    visibleOf: prepare('visibleOf'),
    nextVisible: prepare('nextVisible'),
    counts: prepare('counts'),
  };
  const many = { queues: prepare('queues'), inFlight: prepare('inFlight') };
  const [putQueue, deleteQueue, purge, expire] = [
    run('putQueue'),
    run('deleteQueue'),
    run('purge'),
    run('expire'),
  ];
  const [insert, hide, move, remove, setVisible] = [
    run('insert'),
    run('hide'),
    run('move'),
    run('remove'),
    run('setVisible'),
  ];
  // Every request asks for its queue.
  const known = new Map<string, Queue>();
  return {
    atomically: (work) => inTransaction(database, work),
    queue(arn) {
      const queue = known.get(arn) ?? parseQueue(one.queue.get(arn));
      if (queue !== undefined) known.set(arn, queue);
      return queue;
    },
    queues: () => many.queues.all().flatMap((row) => parseQueue(row) ?? []),
    putQueue(queue) {
      known.delete(queue.arn);
      putQueue(queue.arn, JSON.stringify(queue));
    },
    deleteQueue(arn) {
      known.delete(arn);
      deleteQueue(arn);
      purge(arn);
    },
    insert: (arn, { id, body, attributes, groupId, sender, sentMs, visibleMs }) =>
      void insert(arn, id, body, attributes, groupId ?? null, sender, sentMs, visibleMs),
    visible: (arn, nowMs, excluded) => parseMessage(one.visible.get(arn, nowMs, JSON.stringify(excluded))),
    visibleOf: (arn, nowMs, groupId) => parseMessage(one.visibleOf.get(arn, nowMs, groupId)),
    inFlight(arn, nowMs) {
      const groups = many.inFlight.all(arn, nowMs).map((row) => groupSchema.parse(row));
      return new Map(groups.map(({ groupId, messages }) => [groupId, messages]));
    },
    hide: (seq, receipt, nowMs, visibleMs) => void hide(nowMs, receipt, visibleMs, seq),
    move: (seq, toArn, fromArn, nowMs) => void move(toArn, fromArn, nowMs, seq),
    remove: (seq, receipt) => remove(seq, receipt) > 0,
    setVisible: (seq, receipt, nowMs, visibleMs) => setVisible(visibleMs, seq, receipt, nowMs) > 0,
    nextVisibleMs: (arn, nowMs) => nextSchema.parse(one.nextVisible.get(arn, nowMs)).at ?? undefined,
    counts: (arn, nowMs) => countsSchema.parse(one.counts.get({ now: nowMs, queue: arn })),
    purge: (arn) => void purge(arn),
    expire: (arn, cutoffMs) => void expire(arn, cutoffMs),
    close: () => database.close(),
  };
}

function parseMessage(row: Record<string, unknown> | undefined): StoredMessage | undefined {
  return row === undefined ? undefined : messageSchema.parse(row);
}

function parseQueue(row: Record<string, unknown> | undefined): Queue | undefined {
  if (row === undefined) return undefined;
  const queue: Queue = JSON.parse(String(row['record']));
  return queue;
}
