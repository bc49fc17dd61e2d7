/**
 * An event about a KMS key, as the tenant's account forwards it, verified: it comes from KMS, it speaks of a call that
 * succeeded, and it names keys of the account and region it comes from.
 * https://docs.aws.amazon.com/kms/latest/developerguide/kms-events.html
 * https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
 */
import * as z from 'zod';
import type { KeySignal } from '../tenant/key-signal.ts';

/** What an event says of the key: it is off, it may be on again, it may have been taken from us, its material is new. */
export type KeyEventKind = 'disabling' | 'enabling' | 'questioning' | 'rotation';

export interface KeyEvent {
  readonly kind: KeyEventKind;
  readonly keySignal: KeySignal;
  /** Full ARNs. */
  readonly kekArns: readonly string[];
}

/** Why an event changes nothing. */
export interface IgnoredEvent {
  readonly ignored:
    | 'malformed'
    | 'not-from-kms'
    | 'call-refused'
    | 'other-account'
    | 'irrelevant'
    | 'no-key-named'
    | 'unknown-key';
  /** Of whom it was heard all the same. Full ARNs. */
  readonly kekArns?: readonly string[];
}

/** An event of the future is taken for one of `now`: no clock but ours says how late it is. */
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
  const kind = KINDS.get(name);
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

const KINDS: ReadonlyMap<string, KeyEventKind> = new Map([
  ['DisableKey', 'disabling'],
  ['ScheduleKeyDeletion', 'disabling'],
  ['DeleteImportedKeyMaterial', 'disabling'],
  ['DeleteKey', 'disabling'],
  ['DeleteExpiredKeyMaterial', 'disabling'],
  ['KMS Imported Key Material Expiration', 'disabling'],
  ['KMS CMK Deletion', 'disabling'],
  ['PutKeyPolicy', 'questioning'],
  ['RevokeGrant', 'questioning'],
  ['RetireGrant', 'questioning'],
  ['EnableKey', 'enabling'],
  ['CancelKeyDeletion', 'enabling'],
  ['ImportKeyMaterial', 'enabling'],
  ['CreateGrant', 'enabling'],
  // Not RotateKey or RotateKeyOnDemand, by which CloudTrail tells of the same rotation.
  ['KMS CMK Rotation', 'rotation'],
]);

/** The detail types of the events that KMS tells EventBridge of by itself. The rules of the stack and of tenants list them. */
export const NATIVE_EVENTS: readonly string[] = [...KINDS.keys()].filter((name) => name.startsWith('KMS '));

/**
 * The names of the events that come through CloudTrail. The rules list these and no others, so that nothing else that
 * happens to keys, of whoever, reaches us. TagResource changes nothing about a key: tenants are asked to call it so that
 * the key is heard of.
 */
export const TRAIL_EVENTS: readonly string[] = [
  ...[...KINDS.keys()].filter((name) => !NATIVE_EVENTS.includes(name)),
  'TagResource',
];

const TRAIL_TYPES: ReadonlySet<string> = new Set([
  'AWS API Call via CloudTrail',
  'AWS Service Event via CloudTrail',
]);

/** What happened; undefined when the event is none of KMS. */
function nameOf({ 'detail-type': type, detail }: Event): string | undefined {
  if (NATIVE_EVENTS.includes(type)) return type;
  if (!TRAIL_TYPES.has(type)) return undefined;
  return detail.eventSource === 'kms.amazonaws.com' ? detail.eventName : undefined;
}

/** A key may be named by its ARN or its bare id; an alias alone names none, for its target can move. */
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
  // A key of another account or region is not this account's to speak of.
  return [...new Set(keyArns.filter((arn) => isAt(place, arn)))];
}

/** In whatever partition: where there is no such key, nobody has it. */
function isAt(place: string, arn: string): boolean {
  const [head, , ...rest] = arn.split(':');
  return head === 'arn' && rest.join(':').startsWith(place);
}

const KEY_ID = /^(?:mrk-)?[0-9a-f][0-9a-f-]{30,}$/u;

/**
 * Only AWS knows which partition a region is in, so an ARN of the same event has to say it: of the key itself, or of
 * whoever called. Undefined: none says it.
 */
function partitionOf({ detail }: Event, names: readonly string[]): string | undefined {
  const candidates = [...names, detail.responseElements?.keyId, detail.userIdentity?.arn];
  return candidates.flatMap((arn) => PARTITION.exec(arn ?? '')?.groups?.['partition'] ?? []).at(0);
}

const PARTITION = /^arn:(?<partition>aws[a-z-]*):/u;

function timeOf({ time, detail }: Event, now: Date): string {
  return new Date(Math.min(Date.parse(detail.eventTime ?? time), now.getTime())).toISOString();
}
