/** The attributes of a queue and the rules AWS has for their values. */
import { AwsError } from '../front/service.ts';
import { notImplemented } from '../front/operation-input.ts';
import { parsePolicy } from '../iam/policy-validation.ts';
import { invalidAttribute } from './errors.ts';
import type { Queue } from './queue.ts';
import { checkRedriveShape } from './redrive.ts';

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
const UNRANGED: ReadonlySet<string> = new Set([
  'Policy',
  'RedrivePolicy',
  'RedriveAllowPolicy',
  'SqsManagedSseEnabled',
]);
const ABSENT: ReadonlySet<string> = new Set([
  'FifoQueue',
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'FifoThroughputLimit',
  'KmsMasterKeyId',
  'KmsDataKeyReusePeriodSeconds',
]);

/** Throws InvalidAttributeName, InvalidAttributeValue, or NotImplemented. Empty documents mean: remove. */
export function checkAttributes(attributes: Queue['attributes']): void {
  for (const [name, value] of Object.entries(attributes)) checkAttribute(name, value);
  checkRedriveShape(attributes);
  checkPolicy(attributes['Policy'] ?? '');
}

/** The attribute as a number; only for attributes that have a range. */
export function numericAttribute(queue: Queue, name: string): number {
  return Number(queue.attributes[name] ?? DEFAULT_ATTRIBUTES[name]);
}

/** `attributes` without those that an empty value has taken away. */
export function withoutEmpty(attributes: Queue['attributes']): Queue['attributes'] {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== ''));
}

function checkAttribute(name: string, value: string): void {
  const range = RANGES[name];
  if (ABSENT.has(name)) throw notImplemented(`Queue attribute ${name}`);
  if (range === undefined && !UNRANGED.has(name))
    throw new AwsError('InvalidAttributeName', 400, `Unknown Attribute ${name}.`);
  if (range !== undefined && !isWithin(value, range)) throw invalidAttribute(name);
}

function isWithin(value: string, [least, most]: readonly [number, number]): boolean {
  const number = Number(value);
  return value !== '' && Number.isInteger(number) && number >= least && number <= most;
}

function checkPolicy(text: string): void {
  try {
    if (text !== '') parsePolicy(text, 'resource');
  } catch (cause) {
    throw Object.assign(invalidAttribute('Policy'), { cause });
  }
}
