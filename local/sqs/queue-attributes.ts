/** The attributes of a queue and AWS's rules for their values. */
import { AwsError } from '../front/service.ts';
import { notImplemented } from '../front/operation-input.ts';
import { parsePolicy } from '../iam/policy-validation.ts';
import { invalidAttribute } from './errors.ts';
import type { Queue } from './queue.ts';
import { checkRedriveShape } from './redrive.ts';

/** AWS's defaults. Values are strings, as in SQS. */
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

/**
 * Checks attributes. An empty document removes the policy of that name.
 * @throws InvalidAttributeName, InvalidAttributeValue, or NotImplemented
 */
export function checkAttributes(attributes: Queue['attributes']): void {
  for (const [name, value] of Object.entries(attributes)) checkAttribute(name, value);
  checkRedriveShape(attributes);
  checkPolicy(attributes['Policy'] ?? '');
}

/** Returns an attribute as a number, for attributes that have a range. */
export function numericAttribute(queue: Queue, name: string): number {
  return Number(queue.attributes[name] ?? DEFAULT_ATTRIBUTES[name]);
}

/** Returns `attributes` without those that an empty value has removed. */
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
