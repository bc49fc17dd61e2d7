/** The operations on messages. */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { readInput } from '../front/operation-input.ts';
import { AwsError } from '../front/service.ts';
import { checkBatchBytes, runBatch } from './batch.ts';
import {
  checkMessage,
  md5,
  md5OfAttributes,
  messageBytes,
  type OutgoingMessage,
  sendBatchSchema,
  sendSchema,
} from './message.ts';
import { authorisedQueue, type SqsContext, type SqsOperation } from './operation.ts';
import { invalidParameter } from './errors.ts';
import { numericAttribute } from './queue-attributes.ts';
import type { Queue } from './queue.ts';
import { receive, receiveSchema } from './receive.ts';

interface Receipt {
  readonly seq: number;
  readonly receipt: string;
}

const QueueUrl = z.string();
const entry = { Id: z.string() };
const deletion = { ReceiptHandle: z.string() };
const visibility = { ReceiptHandle: z.string(), VisibilityTimeout: z.int() };

const SCHEMAS = {
  delete: z.strictObject({ QueueUrl, ...deletion }),
  deleteBatch: z.strictObject({ QueueUrl, Entries: z.array(z.strictObject({ ...entry, ...deletion })) }),
  change: z.strictObject({ QueueUrl, ...visibility }),
  changeBatch: z.strictObject({ QueueUrl, Entries: z.array(z.strictObject({ ...entry, ...visibility })) }),
};

export const MESSAGE_OPERATIONS: Readonly<Record<string, SqsOperation>> = {
  SendMessage(context, input, caller) {
    const message = readInput(sendSchema, input, invalidParameter);
    const queue = authorisedQueue(context, message.QueueUrl, { action: 'SendMessage', caller });
    return send(context, queue, message, senderOf(caller.principal));
  },
  SendMessageBatch(context, input, caller) {
    const { QueueUrl: url, Entries } = readInput(sendBatchSchema, input, invalidParameter);
    const queue = authorisedQueue(context, url, { action: 'SendMessage', caller });
    checkBatchBytes(Entries.reduce((sum, message) => sum + messageBytes(message), 0));
    return context.store.atomically(() =>
      runBatch(Entries, (message) => send(context, queue, message, senderOf(caller.principal))),
    );
  },
  ReceiveMessage(context, input, caller) {
    const request = readInput(receiveSchema, input, invalidParameter);
    const queue = authorisedQueue(context, request.QueueUrl, { action: 'ReceiveMessage', caller });
    return receive(context, queue, { ...request, signal: caller.signal });
  },
  DeleteMessage(context, input, caller) {
    const { QueueUrl: url, ReceiptHandle } = readInput(SCHEMAS.delete, input, invalidParameter);
    authorisedQueue(context, url, { action: 'DeleteMessage', caller });
    return remove(context, ReceiptHandle);
  },
  DeleteMessageBatch(context, input, caller) {
    const { QueueUrl: url, Entries } = readInput(SCHEMAS.deleteBatch, input, invalidParameter);
    authorisedQueue(context, url, { action: 'DeleteMessage', caller });
    return context.store.atomically(() =>
      runBatch(Entries, ({ ReceiptHandle }) => remove(context, ReceiptHandle)),
    );
  },
  ChangeMessageVisibility(context, input, caller) {
    const { QueueUrl: url, ...change } = readInput(SCHEMAS.change, input, invalidParameter);
    const queue = authorisedQueue(context, url, { action: 'ChangeMessageVisibility', caller });
    return changeVisibility(context, queue, change.ReceiptHandle, change.VisibilityTimeout);
  },
  ChangeMessageVisibilityBatch(context, input, caller) {
    const { QueueUrl: url, Entries } = readInput(SCHEMAS.changeBatch, input, invalidParameter);
    const queue = authorisedQueue(context, url, { action: 'ChangeMessageVisibility', caller });
    return context.store.atomically(() =>
      runBatch(Entries, ({ ReceiptHandle, VisibilityTimeout }) =>
        changeVisibility(context, queue, ReceiptHandle, VisibilityTimeout),
      ),
    );
  },
};

/** Puts a message of an AWS service, which has no sender of its own. */
export function sendTo(context: SqsContext, queue: Queue, body: string): object {
  return send(context, queue, { MessageBody: body }, 'AIDAISERVICE');
}

function send(context: SqsContext, queue: Queue, message: OutgoingMessage, sender: string): object {
  checkMessage(message, queue);
  const sentMs = context.clock.now();
  const delaySeconds = message.DelaySeconds ?? numericAttribute(queue, 'DelaySeconds');
  const attributes = message.MessageAttributes ?? {};
  const id = randomUUID();
  context.store.insert(queue.arn, {
    id,
    body: message.MessageBody,
    attributes: JSON.stringify(attributes),
    groupId: message.MessageGroupId,
    sender,
    sentMs,
    visibleMs: sentMs + delaySeconds * 1000,
  });
  context.polls.wake(queue.arn);
  const md5OfMessageAttributes = md5OfAttributes(attributes);
  return {
    MessageId: id,
    MD5OfMessageBody: md5(message.MessageBody),
    ...(md5OfMessageAttributes !== undefined && { MD5OfMessageAttributes: md5OfMessageAttributes }),
  };
}

/** Removes a message. As in AWS, this succeeds for a message that is gone or was received again since. */
function remove({ store }: SqsContext, handle: string): object {
  const { seq, receipt } = readReceipt(handle);
  store.remove(seq, receipt);
  return {};
}

function changeVisibility(context: SqsContext, queue: Queue, handle: string, seconds: number): object {
  if (seconds < 0 || seconds > 43_200)
    throw invalidParameter(
      `Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200.`,
    );
  const { seq, receipt } = readReceipt(handle);
  const nowMs = context.clock.now();
  if (!context.store.setVisible(seq, receipt, nowMs, nowMs + seconds * 1000))
    throw invalidParameter(
      'Value for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.',
    );
  context.polls.wake(queue.arn);
  return {};
}

function readReceipt(handle: string): Receipt {
  const [, seq, receipt] = /^(\d+)\/([0-9a-f-]{36})$/.exec(Buffer.from(handle, 'base64url').toString()) ?? [];
  if (seq === undefined || receipt === undefined)
    throw new AwsError('ReceiptHandleIsInvalid', 400, 'The input receipt handle is invalid.');
  return { seq: Number(seq), receipt };
}

function senderOf({ arn, accountId, roleArn }: { arn: string; accountId: string; roleArn?: string }): string {
  return roleArn === undefined ? accountId : arn.split('/').slice(1).join(':');
}
