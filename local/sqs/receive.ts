/**
 * ReceiveMessage: it hides the messages it answers, moves those received too often to the dead-letter queue, and
 * polls long.
 */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Caller, Clock } from '../front/service.ts';
import { type Fairness, inTurn } from './fairness.ts';
import type { LongPolls } from './long-poll.ts';
import { md5, md5OfAttributes, type MessageAttribute } from './message.ts';
import { invalidParameter } from './errors.ts';
import { numericAttribute } from './queue-attributes.ts';
import type { Queue } from './queue.ts';
import { redrivePolicy } from './redrive.ts';
import type { SqsStore, StoredMessage } from './store.ts';

export interface ReceiveInput {
  readonly QueueUrl: string;
  readonly AttributeNames: readonly string[];
  readonly MessageSystemAttributeNames: readonly string[];
  readonly MessageAttributeNames: readonly string[];
  readonly MaxNumberOfMessages: number;
  readonly VisibilityTimeout?: number;
  readonly WaitTimeSeconds?: number;
}

export const receiveSchema: z.ZodType<ReceiveInput> = z.strictObject({
  QueueUrl: z.string(),
  AttributeNames: z.array(z.string()).default([]),
  MessageSystemAttributeNames: z.array(z.string()).default([]),
  MessageAttributeNames: z.array(z.string()).default([]),
  MaxNumberOfMessages: z.int().default(1),
  VisibilityTimeout: z.int().optional(),
  WaitTimeSeconds: z.int().optional(),
});

export interface ReceiveContext {
  readonly store: SqsStore;
  readonly fairness: Fairness;
  readonly polls: LongPolls;
  readonly clock: Clock;
  /** True once the service is closing, which ends long polls. */
  closing(): boolean;
}

/** Resolves to `{ Messages? }`, without messages after at most `WaitTimeSeconds`. */
export async function receive(
  context: ReceiveContext,
  queue: Queue,
  { signal, ...input }: ReceiveInput & Pick<Caller, 'signal'>,
): Promise<object> {
  checkReceive(input);
  const waitSeconds = input.WaitTimeSeconds ?? numericAttribute(queue, 'ReceiveMessageWaitTimeSeconds');
  const untilMs = context.clock.now() + waitSeconds * 1000;
  for (;;) {
    if (signal?.aborted === true) return {};
    const taken = context.store.atomically(() => take(context, queue, input));
    if (taken.length > 0) return { Messages: taken };
    const nowMs = context.clock.now();
    if (nowMs >= untilMs || context.closing()) return {};
    const wakeMs = Math.min(untilMs, context.store.nextVisibleMs(queue.arn, nowMs) ?? untilMs);
    await context.polls.wait(queue.arn, wakeMs - nowMs, signal);
  }
}

function take(context: ReceiveContext, queue: Queue, input: ReceiveInput): object[] {
  const { store, polls, clock } = context;
  const nowMs = clock.now();
  store.expire(queue.arn, nowMs - numericAttribute(queue, 'MessageRetentionPeriod') * 1000);
  const seconds = input.VisibilityTimeout ?? numericAttribute(queue, 'VisibilityTimeout');
  const redrive = redrivePolicy(queue.attributes);
  const taken: object[] = [];
  for (const message of inTurn(context, queue.arn, nowMs)) {
    const dead = redrive !== undefined && message.received >= redrive.maxReceiveCount;
    if (dead && store.queue(redrive.deadLetterTargetArn) !== undefined) {
      store.move(message.seq, redrive.deadLetterTargetArn, queue.arn, nowMs);
      polls.wake(redrive.deadLetterTargetArn);
      continue;
    }
    const receipt = randomUUID();
    store.hide(message.seq, receipt, nowMs, nowMs + seconds * 1000);
    taken.push(toReceived(message, receipt, nowMs, input));
    // A visibility timeout of 0 leaves the message visible. Adding it to the same answer again would never end.
    if (seconds === 0 || taken.length === input.MaxNumberOfMessages) break;
  }
  return taken;
}

function toReceived(message: StoredMessage, receipt: string, nowMs: number, input: ReceiveInput): object {
  const sent: Record<string, MessageAttribute> = JSON.parse(message.attributes);
  const attributes = wanted(sent, input.MessageAttributeNames);
  const wantedSystem = [...input.AttributeNames, ...input.MessageSystemAttributeNames];
  const system = wanted(systemAttributes(message, nowMs), wantedSystem);
  return {
    MessageId: message.id,
    ReceiptHandle: Buffer.from(`${message.seq}/${receipt}`).toString('base64url'),
    MD5OfBody: md5(message.body),
    Body: message.body,
    ...(Object.keys(system).length > 0 && { Attributes: system }),
    ...(Object.keys(attributes).length > 0 && {
      MessageAttributes: attributes,
      MD5OfMessageAttributes: md5OfAttributes(attributes),
    }),
  };
}

function systemAttributes(message: StoredMessage, nowMs: number): Record<string, string> {
  return {
    SenderId: message.sender,
    SentTimestamp: String(message.sentMs),
    ApproximateReceiveCount: String(message.received + 1),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedMs ?? nowMs),
    ...(message.groupId !== null && { MessageGroupId: message.groupId }),
    ...(message.source !== null && { DeadLetterQueueSourceArn: message.source }),
  };
}

/** Returns the wanted members by `All`, `.*`, `prefix.*` and exact names. */
function wanted<T>(all: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  const matches = (name: string): boolean =>
    names.some((want) => want === 'All' || want === name || isPrefix(want, name));
  return Object.fromEntries(Object.entries(all).filter(([name]) => matches(name)));
}

function isPrefix(want: string, name: string): boolean {
  return want === '.*' || (want.endsWith('.*') && name.startsWith(want.slice(0, -1)));
}

function checkReceive({ MaxNumberOfMessages, VisibilityTimeout, WaitTimeSeconds }: ReceiveInput): void {
  const checks: readonly (readonly [string, number | undefined, number, number])[] = [
    ['MaxNumberOfMessages', MaxNumberOfMessages, 1, 10],
    ['VisibilityTimeout', VisibilityTimeout, 0, 43_200],
    ['WaitTimeSeconds', WaitTimeSeconds, 0, 20],
  ];
  for (const [name, value, least, most] of checks)
    if (value !== undefined && (value < least || value > most))
      throw invalidParameter(
        `Value ${value} for parameter ${name} is invalid. Reason: Must be between ${least} and ${most}, if provided.`,
      );
}
