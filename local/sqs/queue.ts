/** A queue: its names and its stored record. */
import { notImplemented } from '../front/operation-input.ts';
import { invalidParameter } from './errors.ts';

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

export function queueArn(region: string, accountId: string, name: string): string {
  return `arn:aws:sqs:${region}:${accountId}:${name}`;
}

/** @throws InvalidParameterValueException for a name that AWS refuses, or NotImplemented for a FIFO queue */
export function checkName(name: string): void {
  if (name.endsWith('.fifo')) throw notImplemented('FIFO queues');
  if (!/^[\w-]{1,80}$/.test(name)) {
    const rule = 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length';
    throw invalidParameter(rule);
  }
}
