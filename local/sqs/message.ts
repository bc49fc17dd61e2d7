/** The sizes, characters and digests of a message that may be sent. */
import { createHash, hash } from 'node:crypto';
import * as z from 'zod';
import { AwsError } from '../front/service.ts';
import { invalidParameter } from './errors.ts';
import { numericAttribute } from './queue-attributes.ts';
import type { Queue } from './queue.ts';

export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  /** The bytes in base64, as the JSON protocol carries them. */
  readonly BinaryValue?: string;
}

/** A message in the form of SendMessage and of the entries of SendMessageBatch. */
export interface OutgoingMessage {
  readonly MessageBody: string;
  readonly DelaySeconds?: number;
  readonly MessageAttributes?: Readonly<Record<string, MessageAttribute>>;
  readonly MessageGroupId?: string;
}

const outgoingShape = {
  MessageBody: z.string(),
  DelaySeconds: z.int().optional(),
  MessageAttributes: z
    .record(
      z.string(),
      z.strictObject({
        DataType: z.string(),
        StringValue: z.string().optional(),
        BinaryValue: z.string().optional(),
      }),
    )
    .optional(),
  MessageGroupId: z.string().optional(),
};

export const sendSchema: z.ZodType<OutgoingMessage & { readonly QueueUrl: string }> = z.strictObject({
  QueueUrl: z.string(),
  ...outgoingShape,
});

export const sendBatchSchema: z.ZodType<{
  readonly QueueUrl: string;
  readonly Entries: readonly (OutgoingMessage & { readonly Id: string })[];
}> = z.strictObject({
  QueueUrl: z.string(),
  Entries: z.array(z.strictObject({ Id: z.string(), ...outgoingShape })),
});

/** AWS's limit on one message, and on all messages of one batch. */
export const MAX_MESSAGE_BYTES = 1_048_576;

const NOT_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;
const GROUP_ID = /^[\w!"#$%&'()*+,\-./:;<=>?@[\\\]^`{|}~]{1,128}$/;

/** Returns the bytes of the body and of each attribute's name, type and value. */
export function messageBytes(message: OutgoingMessage): number {
  const attributes = Object.entries(message.MessageAttributes ?? {});
  const sizes = attributes.map(
    ([name, { DataType, StringValue = '', BinaryValue = '' }]) =>
      Buffer.byteLength(name + DataType + StringValue) + Buffer.byteLength(BinaryValue, 'base64'),
  );
  return Buffer.byteLength(message.MessageBody) + sizes.reduce((sum, size) => sum + size, 0);
}

/** @throws the error that AWS answers for a message that the queue does not take */
export function checkMessage(message: OutgoingMessage, queue: Queue): void {
  if (message.MessageBody === '')
    throw new AwsError(
      'MissingParameterException',
      400,
      'The request must contain the parameter MessageBody.',
    );
  if (NOT_XML.test(message.MessageBody))
    throw new AwsError('InvalidMessageContents', 400, 'Invalid characters found in the message body.');
  const maxBytes = numericAttribute(queue, 'MaximumMessageSize');
  if (messageBytes(message) > maxBytes)
    throw invalidParameter(
      `One or more parameters are invalid. Reason: Message must be shorter than ${maxBytes} bytes.`,
    );
  if (Object.keys(message.MessageAttributes ?? {}).length > 10)
    throw invalidParameter('Number of message attributes exceeds the allowed maximum [10].');
  checkDelay(message.DelaySeconds);
  if (message.MessageGroupId !== undefined && !GROUP_ID.test(message.MessageGroupId))
    throw invalidParameter(`Value ${message.MessageGroupId} for parameter MessageGroupId is invalid.`);
}

export function md5(text: string): string {
  return hash('md5', text);
}

/**
 * Returns AWS's digest over names, types and values, sorted by name, each with its length; undefined for no
 * attributes.
 */
export function md5OfAttributes(attributes: Readonly<Record<string, MessageAttribute>>): string | undefined {
  const digest = createHash('md5');
  const names = Object.keys(attributes).sort();
  for (const name of names) {
    const { DataType = '', StringValue, BinaryValue = '' } = attributes[name] ?? {};
    const value = StringValue === undefined ? Buffer.from(BinaryValue, 'base64') : Buffer.from(StringValue);
    for (const part of [Buffer.from(name), Buffer.from(DataType)]) digest.update(lengthOf(part)).update(part);
    digest.update(Buffer.of(StringValue === undefined ? 2 : 1));
    digest.update(lengthOf(value)).update(value);
  }
  return names.length === 0 ? undefined : digest.digest('hex');
}

function lengthOf(part: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(part.length);
  return length;
}

function checkDelay(delaySeconds: number | undefined): void {
  if (delaySeconds !== undefined && (delaySeconds < 0 || delaySeconds > 900))
    throw invalidParameter(
      `Value ${delaySeconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.`,
    );
}
