/** A queue: its names, its attributes and the rules AWS has for their values. */
import { z } from 'zod';
import { notImplemented } from '../operation-input.ts';
import { AwsError } from '../service.ts';

export interface Queue {
  readonly arn: string;
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdMs: number;
  readonly modifiedMs: number;
}

export interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

/** AWS's defaults; values are strings, as SQS has them. */
export const DEFAULT_ATTRIBUTES: Readonly<Record<string, string>> = {
  VisibilityTimeout: '30',
  DelaySeconds: '0',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
  SqsManagedSseEnabled: 'true',
};

const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  VisibilityTimeout: [0, 43_200],
  DelaySeconds: [0, 900],
  MaximumMessageSize: [1024, 1_048_576],
  MessageRetentionPeriod: [60, 1_209_600],
  ReceiveMessageWaitTimeSeconds: [0, 20],
};
const DOCUMENTS: readonly string[] = ['Policy', 'RedrivePolicy', 'RedriveAllowPolicy'];
const ABSENT: readonly string[] = [
  'FifoQueue',
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'FifoThroughputLimit',
  'KmsMasterKeyId',
  'KmsDataKeyReusePeriodSeconds',
];

const redriveSchema = z.object({
  deadLetterTargetArn: z.string(),
  maxReceiveCount: z.coerce.number().int().min(1).max(1000),
});
const redriveAllowSchema = z.object({
  redrivePermission: z.enum(['allowAll', 'denyAll', 'byQueue']).default('allowAll'),
  sourceQueueArns: z.array(z.string()).default([]),
});

export function queueArn(region: string, accountId: string, name: string): string {
  return `arn:aws:sqs:${region}:${accountId}:${name}`;
}

/** Throws for a name AWS refuses; FIFO queues are not implemented. */
export function checkName(name: string): void {
  if (name.endsWith('.fifo')) throw notImplemented('FIFO queues');
  if (!/^[\w-]{1,80}$/.test(name)) {
    const rule = 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length';
    throw invalidParameter(rule);
  }
}

/** Throws InvalidAttributeName, InvalidAttributeValue, or NotImplemented. Empty documents mean: remove. */
export function checkAttributes(attributes: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(attributes)) checkAttribute(name, value);
}

/** The attribute as a number; only for attributes that have a range. */
export function numericAttribute(queue: Queue, name: string): number {
  return Number(queue.attributes[name] ?? DEFAULT_ATTRIBUTES[name]);
}

/** Undefined where messages of the queue are never moved. */
export function redrivePolicy(queue: Pick<Queue, 'attributes'>): RedrivePolicy | undefined {
  const text = queue.attributes['RedrivePolicy'];
  return text === undefined ? undefined : parseDocument('RedrivePolicy', text, redriveSchema);
}

/** Whether dead letters from the queue `sourceArn` may be put into `target`. */
export function acceptsDeadLetters(target: Queue, sourceArn: string): boolean {
  const text = target.attributes['RedriveAllowPolicy'];
  if (text === undefined) return true;
  const allow = parseDocument('RedriveAllowPolicy', text, redriveAllowSchema);
  return allow.redrivePermission === 'byQueue'
    ? allow.sourceQueueArns.includes(sourceArn)
    : allow.redrivePermission === 'allowAll';
}

export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', 400, message);
}

function checkAttribute(name: string, value: string): void {
  const range = RANGES[name];
  if (ABSENT.includes(name)) throw notImplemented(`Queue attribute ${name}`);
  if (range !== undefined) checkRange(name, value, range);
  else if (DOCUMENTS.includes(name)) checkDocument(name, value);
  else if (name !== 'SqsManagedSseEnabled')
    throw new AwsError('InvalidAttributeName', 400, `Unknown Attribute ${name}.`);
}

function checkRange(name: string, value: string, [least, most]: readonly [number, number]): void {
  const number = Number(value);
  if (value === '' || !Number.isInteger(number) || number < least || number > most)
    throw invalidAttribute(name, `Invalid value for the parameter ${name}.`);
}

function checkDocument(name: string, value: string): void {
  if (value === '') return;
  if (name === 'RedrivePolicy') parseDocument(name, value, redriveSchema);
  else if (name === 'RedriveAllowPolicy') parseDocument(name, value, redriveAllowSchema);
  else parseDocument(name, value, z.looseObject({ Statement: z.unknown() }));
}

function parseDocument<T>(name: string, text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw invalidAttribute(name, `Invalid value for the parameter ${name}.`, cause);
  }
}

function invalidAttribute(name: string, message: string, cause?: unknown): AwsError {
  const error = new AwsError('InvalidAttributeValue', 400, message, { attribute: name });
  error.cause = cause;
  return error;
}
