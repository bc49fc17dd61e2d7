/**
 * From the disposition of a failure to what becomes of its message. An SQS record is acknowledged only when its
 * work is done, waits for its tenant's key in the state table, or is recorded as rejected.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
import type { Redelivery } from '../ports/queues.ts';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { parseJob } from '../object/job.ts';
import { type Disposition, SealstreamError, SourceUnreadableError } from '../errors.ts';
import type { ParkedJob, Parking } from '../ports/parking.ts';
import type { Rejection, State } from '../ports/state.ts';
import { count, loggable, logger } from './observe.ts';

export interface QueuePorts {
  readonly redelivery: Redelivery;
  readonly state: Pick<State, 'recordRejection'>;
  /** Only jobs wait for a key. Without it, work that would is tried again. */
  readonly parking?: Pick<Parking, 'park'>;
  readonly functionName: string;
}

/** Redelivery of failed work: 1, 2, 4, … seconds, with full jitter, at most this. */
const MAX_BACKOFF_SECONDS = 900;
/** An item of the state table holds 400 KB; a rejected body is kept to this. */
const MAX_BODY_CHARS = 65_536;
/** Digits of milliseconds since 1970, so that as text they sort as numbers, until the year 33658. */
const SENT_DIGITS = 15;

/** Handles every record of a batch, whatever becomes of the others. */
export async function handleRecords(
  event: SQSEvent,
  work: (body: string) => Promise<void>,
  ports: QueuePorts,
): Promise<SQSBatchResponse> {
  const outcomes = await Promise.all(
    event.Records.map(async (record) => ({ record, done: await isDealtWith(record, work, ports) })),
  );
  const failed = outcomes.filter(({ done }) => !done);
  return { batchItemFailures: failed.map(({ record }) => ({ itemIdentifier: record.messageId })) };
}

async function isDealtWith(record: SQSRecord, work: (body: string) => Promise<void>, ports: QueuePorts) {
  try {
    await work(record.body);
    return true;
  } catch (error) {
    return await dispose(record, error, ports);
  }
}

/** True when the message may be acknowledged. If even that fails, it comes back after its visibility timeout. */
async function dispose(record: SQSRecord, error: unknown, ports: QueuePorts): Promise<boolean> {
  const disposition = dispositionOf(error, ports);
  logger.warn(`message ${disposition}`, { messageId: record.messageId, disposition, ...loggable(error) });
  count({ retry: 'Retried', park: 'Parked', reject: 'Rejected' }[disposition]);
  try {
    if (disposition === 'reject')
      await ports.state.recordRejection(rejectionOf(record, error, ports.functionName));
    if (disposition === 'park') await ports.parking?.park(parkedJob(record));
    if (disposition === 'retry') await ports.redelivery.delay(record, backoffSeconds(record));
    return disposition !== 'retry';
  } catch (failure) {
    logger.error('message not disposed of', { messageId: record.messageId, ...loggable(failure) });
    return false;
  }
}

function dispositionOf(error: unknown, { parking }: QueuePorts): Disposition {
  const disposition = error instanceof SealstreamError ? error.disposition : 'retry';
  return disposition === 'park' && parking === undefined ? 'retry' : disposition;
}

/** The time the message was sent, not received: a job that was retried for long keeps its place. */
function parkedJob({ body, attributes, messageId }: SQSRecord): ParkedJob {
  const arrival = `${attributes.SentTimestamp.padStart(SENT_DIGITS, '0')}#${messageId}`;
  return { job: parseJob(body), arrival };
}

function backoffSeconds(record: SQSRecord): number {
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
