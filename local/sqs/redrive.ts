/**
 * Dead letters: the receive count at which a queue gives a message up, and the queues whose dead letters another
 * takes.
 */
import * as z from 'zod';
import { invalidAttribute, invalidParameter } from './errors.ts';
import type { Queue } from './queue.ts';
import type { SqsStore } from './store.ts';

export interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

const redriveSchema = z.object({
  deadLetterTargetArn: z.string(),
  maxReceiveCount: z.coerce.number().int().min(1).max(1000),
});
const redriveAllowSchema = z.object({
  redrivePermission: z.enum(['allowAll', 'denyAll', 'byQueue']).default('allowAll'),
  sourceQueueArns: z.array(z.string()).default([]),
});

/**
 * Returns the redrive policy; undefined when messages are never moved.
 * @throws InvalidAttributeValue
 */
export function redrivePolicy(attributes: Queue['attributes']): RedrivePolicy | undefined {
  return parse(attributes, 'RedrivePolicy', redriveSchema);
}

/** @throws InvalidAttributeValue for redrive policies of another shape */
export function checkRedriveShape(attributes: Queue['attributes']): void {
  parse(attributes, 'RedrivePolicy', redriveSchema);
  parse(attributes, 'RedriveAllowPolicy', redriveAllowSchema);
}

/**
 * Checks that the dead-letter queue exists in the same place as the source, and takes its dead letters.
 * @throws InvalidParameterValueException
 */
export function checkRedriveTarget(
  store: SqsStore,
  sourceArn: string,
  attributes: Queue['attributes'],
): void {
  const targetArn = redrivePolicy(attributes)?.deadLetterTargetArn;
  if (targetArn === undefined) return;
  const target = store.queue(targetArn);
  if (target === undefined || placeOf(targetArn) !== placeOf(sourceArn))
    throw invalidParameter(
      'Value for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.',
    );
  const allow = parse(target.attributes, 'RedriveAllowPolicy', redriveAllowSchema);
  const listed = allow?.redrivePermission === 'byQueue' && allow.sourceQueueArns.includes(sourceArn);
  if (allow !== undefined && allow.redrivePermission !== 'allowAll' && !listed)
    throw invalidParameter(
      'Value for parameter RedrivePolicy is invalid. Reason: The target does not allow the source.',
    );
}

function parse<T>(attributes: Queue['attributes'], name: string, schema: z.ZodType<T>): T | undefined {
  const text = attributes[name];
  // An empty document removes the policy.
  if (text === undefined || text === '') return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw Object.assign(invalidAttribute(name), { cause });
  }
}

/** Returns the part of an ARN that has region and account. */
function placeOf(arn: string): string {
  return arn.split(':').slice(0, 5).join(':');
}
