/**
 * Verifies an event about a KMS key that the tenant's account forwards: it comes from KMS, it speaks of a call that
 * succeeded, and it names keys of the account and region it comes from.
 * https://docs.aws.amazon.com/kms/latest/developerguide/kms-events.html
 * https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
 */
import * as z from 'zod';
import type { KeySignal } from '../tenant/key-signal.ts';
import { KEY_EVENT_KINDS, type KeyEventKind, NATIVE_EVENTS } from './key-event-names.ts';

export interface KeyEvent {
  readonly kind: KeyEventKind;
  readonly keySignal: KeySignal;
  /** Full ARNs. */
  readonly kekArns: readonly string[];
}

/** An event that changes nothing, with the reason. */
export interface IgnoredEvent {
  readonly ignored:
    | 'malformed'
    | 'not-from-kms'
    | 'call-refused'
    | 'other-account'
    | 'irrelevant'
    | 'no-key-named'
    | 'unknown-key';
  /** The keys that were heard of all the same. Full ARNs. */
  readonly kekArns?: readonly string[];
}

/**
 * Parses an event. An event with a time in the future counts as an event of `now`, because we trust only our own clock.
 */
export function parseKeyEvent(input: unknown, now: Date): KeyEvent | IgnoredEvent {
  const parsed = eventSchema.safeParse(input);
  if (!parsed.success) return { ignored: 'malformed' };
  const event = parsed.data;
  const name = nameOf(event);
  if (event.source !== 'aws.kms' || name === undefined) return { ignored: 'not-from-kms' };
  const { errorCode, recipientAccountId = event.account, awsRegion = event.region } = event.detail;
  if (errorCode !== undefined) return { ignored: 'call-refused' };
  if (recipientAccountId !== event.account || awsRegion !== event.region) return { ignored: 'other-account' };
  const kekArns = kekArnsOf(event);
  const kind = KEY_EVENT_KINDS.get(name);
  if (kind === undefined) return { ignored: 'irrelevant', kekArns };
  if (kekArns.length === 0) return { ignored: 'no-key-named' };
  return { kind, keySignal: { name, at: timeOf(event, now) }, kekArns };
}

const arns = z.array(z.object({ ARN: z.string().optional() }));

const eventSchema = z.object({
  source: z.string(),
  'detail-type': z.string(),
  account: z.string().regex(/^\d{12}$/u),
  region: z.string().min(1),
  time: z.iso.datetime(),
  resources: z.array(z.string()).default([]),
  detail: z.object({
    eventSource: z.string().optional(),
    eventName: z.string().optional(),
    eventTime: z.iso.datetime().optional(),
    errorCode: z.string().optional(),
    recipientAccountId: z.string().optional(),
    awsRegion: z.string().optional(),
    userIdentity: z.object({ arn: z.string().optional() }).nullish().catch(undefined),
    requestParameters: z.object({ keyId: z.string().optional() }).nullish(),
    responseElements: z.object({ keyId: z.string().optional() }).nullish().catch(undefined),
    serviceEventDetails: z.object({ keyId: z.string().optional() }).nullish(),
    resources: arns.nullish(),
    'key-id': z.string().optional(),
  }),
});

type Event = z.infer<typeof eventSchema>;

const TRAIL_TYPES: ReadonlySet<string> = new Set([
  'AWS API Call via CloudTrail',
  'AWS Service Event via CloudTrail',
]);

/** Returns the name of what happened, or undefined when the event does not come from KMS. */
function nameOf({ 'detail-type': type, detail }: Event): string | undefined {
  if (NATIVE_EVENTS.includes(type)) return type;
  if (!TRAIL_TYPES.has(type)) return undefined;
  return detail.eventSource === 'kms.amazonaws.com' ? detail.eventName : undefined;
}

/**
 * Returns the keys that the event names by ARN or by bare id. An alias alone names no key, because its target can
 * move.
 */
function kekArnsOf(event: Event): readonly string[] {
  const { account, region, resources, detail } = event;
  const names = [
    detail.requestParameters?.keyId,
    detail.serviceEventDetails?.keyId,
    detail['key-id'],
    ...resources,
    ...(detail.resources ?? []).map(({ ARN }) => ARN),
  ].filter((name) => name !== undefined);
  const partition = partitionOf(event, names);
  const place = `kms:${region}:${account}:key/`;
  const keyArns = names.flatMap((name) => {
    if (!KEY_ID.test(name)) return [name];
    return partition === undefined ? [] : [`arn:${partition}:${place}${name}`];
  });
  // An account may not speak of a key of another account or region.
  return [...new Set(keyArns.filter((arn) => isAt(place, arn)))];
}

/** True when the ARN is of that account and region, in any partition. A key that does not exist belongs to nobody. */
function isAt(place: string, arn: string): boolean {
  const [head, , ...rest] = arn.split(':');
  return head === 'arn' && rest.join(':').startsWith(place);
}

const KEY_ID = /^(?:mrk-)?[0-9a-f][0-9a-f-]{30,}$/u;

/**
 * Returns the partition of the event's region. Only AWS knows it, so an ARN in the same event has to say it: the ARN of
 * the key itself, or of the caller. Returns undefined when no ARN says it.
 */
function partitionOf({ detail }: Event, names: readonly string[]): string | undefined {
  const candidates = [...names, detail.responseElements?.keyId, detail.userIdentity?.arn];
  return candidates.flatMap((arn) => PARTITION.exec(arn ?? '')?.groups?.['partition'] ?? []).at(0);
}

const PARTITION = /^arn:(?<partition>aws[a-z-]*):/u;

function timeOf({ time, detail }: Event, now: Date): string {
  return new Date(Math.min(Date.parse(detail.eventTime ?? time), now.getTime())).toISOString();
}
