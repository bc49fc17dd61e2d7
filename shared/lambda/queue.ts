/**
 * The one place that obeys the disposition of a failure. A message is acknowledged only when its work is done, or is
 * parked in the state table until its tenant's key is back, or is recorded as rejected.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { parseJob } from '../object/job.ts';
import { type Disposition, SealstreamError, SourceUnreadableError } from '../errors.ts';
import type { ParkedJob, Parking } from '../ports/parking.ts';
import type { Redelivery } from '../ports/queues.ts';
import type { Rejection, State } from '../ports/state.ts';
import { count, loggablePartOf, logger } from './observe.ts';

export interface QueuePorts {
  readonly redelivery: Redelivery;
  readonly state: Pick<State, 'recordRejection'>;
  /**
   * The place where jobs wait for a key. Only jobs can wait; without this port, work that would wait is tried again.
   */
  readonly parking?: Pick<Parking, 'park'>;
  readonly functionName: string;
}

/** The longest time until failed work is delivered again: 1, 2, 4, … seconds up to this, with full jitter. */
const MAX_BACKOFF_SECONDS = 900;
/** The characters of a rejected body that are kept: an item of the state table holds 400 KB. */
const MAX_BODY_CHARS = 65_536;
/** The digits of milliseconds since 1970: until the year 33658 they sort the same as text and as numbers. */
const SENT_DIGITS = 15;

/** Handles every message of a batch, even when others fail. */
export async function handleRecords(
  event: SQSEvent,
  work: (body: string) => Promise<void>,
  ports: QueuePorts,
): Promise<SQSBatchResponse> {
  const outcomes = await Promise.all(
    event.Records.map(async (record) => ({ record, done: await handleRecord(record, work, ports) })),
  );
  const failed = outcomes.filter(({ done }) => !done);
  return { batchItemFailures: failed.map(({ record }) => ({ itemIdentifier: record.messageId })) };
}

/** Returns true when the message may be acknowledged. */
async function handleRecord(
  record: SQSRecord,
  work: (body: string) => Promise<void>,
  ports: QueuePorts,
): Promise<boolean> {
  try {
    await work(record.body);
    return true;
  } catch (error) {
    return await dispose(record, error, ports);
  }
}

/**
 * Obeys the disposition of the failure. Returns true when the message may be acknowledged. If that fails too, the
 * message comes back after its visibility timeout.
 */
async function dispose(record: SQSRecord, error: unknown, ports: QueuePorts): Promise<boolean> {
  const disposition = dispositionOf(error, ports);
  logger.warn(`message ${disposition}`, {
    messageId: record.messageId,
    disposition,
    ...loggablePartOf(error),
  });
  count({ retry: 'Retried', park: 'Parked', reject: 'Rejected' }[disposition]);
  try {
    if (disposition === 'reject')
      await ports.state.recordRejection(rejectionOf(record, error, ports.functionName));
    if (disposition === 'park') await ports.parking?.park(parkedJobOf(record));
    if (disposition === 'retry') await ports.redelivery.delay(record, backoffSecondsOf(record));
    return disposition !== 'retry';
  } catch (failure) {
    logger.error('message not disposed of', { messageId: record.messageId, ...loggablePartOf(failure) });
    return false;
  }
}

function dispositionOf(error: unknown, { parking }: QueuePorts): Disposition {
  const disposition = error instanceof SealstreamError ? error.disposition : 'retry';
  return disposition === 'park' && parking === undefined ? 'retry' : disposition;
}

/**
 * Returns the job to park. It arrived when its message was sent, not received: a job that was retried for long keeps
 * its place.
 */
function parkedJobOf({ body, attributes, messageId }: SQSRecord): ParkedJob {
  const arrival = `${attributes.SentTimestamp.padStart(SENT_DIGITS, '0')}#${messageId}`;
  return { job: parseJob(body), arrival };
}

function backoffSecondsOf(record: SQSRecord): number {
  const receives = Number(record.attributes.ApproximateReceiveCount);
  return Math.ceil(Math.random() * Math.min(2 ** (receives - 1), MAX_BACKOFF_SECONDS));
}

function rejectionOf(record: SQSRecord, error: unknown, functionName: string): Rejection {
  const { code, message } =
    error instanceof SealstreamError ? error : { code: 'ERR_EVENT_INVALID', message: 'unknown failure' };
  const shared = error instanceof SourceUnreadableError ? error.record : undefined;
  return {
    id: shared?.id ?? record.messageId,
    sentAt: shared?.at ?? new Date(Number(record.attributes.SentTimestamp)).toISOString(),
    functionName,
    code,
    message,
    body: record.body.slice(0, MAX_BODY_CHARS),
    rejectedAt: shared?.at ?? new Date().toISOString(),
  };
}
