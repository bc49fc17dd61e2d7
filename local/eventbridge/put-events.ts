/** PutEvents. Each entry succeeds or fails alone, and no caller may put an event in the name of AWS. */
import * as z from 'zod';
import { readInput } from '../front/operation-input.ts';
import type { Caller } from '../front/service.ts';
import { busArnOf } from './bus.ts';
import { asBusEvent } from './dispatch.ts';
import { eventContext } from './event-context.ts';
import { type EventsContext, requireBusAccess, validationException } from './operation.ts';

interface Entry {
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Detail?: string;
  readonly EventBusName?: string;
  readonly Resources?: readonly string[];
  /** Seconds since the epoch. */
  readonly Time?: number;
}

interface Rejection {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

/** AWS's limit on one entry, and on all entries of one call. */
const MAX_ENTRY_BYTES = 256 * 1024;

const entrySchema: z.ZodType<Entry> = z.strictObject({
  Source: z.string().optional(),
  DetailType: z.string().optional(),
  Detail: z.string().optional(),
  EventBusName: z.string().optional(),
  Resources: z.array(z.string()).optional(),
  Time: z.number().optional(),
});
const putSchema = z.strictObject({ Entries: z.array(entrySchema).min(1).max(10) });

/**
 * Returns `{ FailedEntryCount, Entries }` in the order of the entries.
 * @throws AccessDeniedException
 */
export function putEvents(
  context: EventsContext,
  input: Readonly<Record<string, unknown>>,
  caller: Caller,
): object {
  const { Entries } = readInput(putSchema, input, validationException);
  if (Entries.reduce((sum, entry) => sum + entryBytes(entry), 0) > MAX_ENTRY_BYTES)
    throw validationException('Total size of the entries in the request is over the limit.');
  // One entry that is not allowed makes the whole call fail.
  for (const { EventBusName, Source = '', DetailType = '' } of Entries) {
    const arn = busArnOf(EventBusName, caller);
    const bus = context.buses.find(arn) ?? { accountId: caller.principal.accountId };
    const conditions = eventContext(Source, DetailType);
    requireBusAccess(context, bus, { action: 'PutEvents', caller, resource: arn, conditions });
  }
  const results = Entries.map((entry) => putEntry(context, entry, caller));
  return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
}

function putEntry({ buses, dispatcher, clock }: EventsContext, entry: Entry, caller: Caller): object {
  const detail = parseDetail(entry.Detail);
  const rejection = rejectionOf(entry, detail);
  if (rejection !== undefined) return rejection;
  const event = asBusEvent({
    source: entry.Source ?? '',
    'detail-type': entry.DetailType ?? '',
    account: caller.principal.accountId,
    region: caller.region,
    time: isoSeconds(entry.Time === undefined ? clock.now() : entry.Time * 1000),
    resources: entry.Resources ?? [],
    detail: detail ?? {},
  });
  // As in AWS, an event for a bus that does not exist is accepted and dropped.
  const bus = buses.find(busArnOf(entry.EventBusName, caller));
  if (bus !== undefined) dispatcher.dispatch(bus, event);
  return { EventId: event.id };
}

function rejectionOf(
  { Source, DetailType, Detail }: Entry,
  detail: object | undefined,
): Rejection | undefined {
  for (const [name, value] of Object.entries({ Source, DetailType, Detail }))
    if (value === undefined || value === '') {
      const ErrorMessage = `Parameter ${name} is not valid. Reason: ${name} is a required argument.`;
      return { ErrorCode: 'InvalidArgument', ErrorMessage };
    }
  if (Source?.startsWith('aws.') === true)
    return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' };
  if (detail === undefined) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  return undefined;
}

/** Returns the size as AWS counts it: 14 bytes for a time, plus the bytes of the strings. */
function entryBytes({ Source = '', DetailType = '', Detail = '', Resources = [], Time }: Entry): number {
  const strings = [Source, DetailType, Detail, ...Resources];
  return strings.reduce((sum, part) => sum + Buffer.byteLength(part), Time === undefined ? 0 : 14);
}

function parseDetail(json: string | undefined): object | undefined {
  try {
    const value: unknown = JSON.parse(json ?? '');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
