import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import {
  EventInvalidError,
  JobInvalidError,
  KmsUnavailableError,
  SourceChangedError,
  SourceUnreadableError,
  StorageUnavailableError,
  TenantKeyDeniedError,
  TenantRevokedError,
} from '../../shared/errors.ts';
import { handleRecords, type QueuePorts } from '../../shared/lambda/queue.ts';
import type { ParkedJob } from '../../shared/ports/parking.ts';
import type { Rejection } from '../../shared/ports/state.ts';
import { objectIdOf } from '../../shared/object/object-id.ts';
import { ACME } from '../support/tenants.ts';

interface Queue extends QueuePorts {
  readonly rejections: Rejection[];
  /** The message and for how many seconds. */
  readonly delayed: [string, number][];
  readonly parked: ParkedJob[];
}

interface Broken {
  readonly recording?: boolean;
  readonly delaying?: boolean;
  readonly parking?: boolean;
}

const JOB = { tenantId: ACME.tenantId, objectId: objectIdOf('ingest', 'acme/x', 'v1'), chunkIndex: 2 };

function queue(broken: Broken = {}): Queue {
  const rejections: Rejection[] = [];
  const delayed: [string, number][] = [];
  const parked: ParkedJob[] = [];
  const outage = new StorageUnavailableError('throttled');
  return {
    rejections,
    delayed,
    parked,
    functionName: 'encrypt',
    redelivery: {
      delay: async ({ messageId }, seconds) => {
        await Promise.resolve();
        if (broken.delaying === true) throw outage;
        delayed.push([messageId, seconds]);
      },
    },
    parking: {
      park: async (job) => {
        await Promise.resolve();
        if (broken.parking === true) throw outage;
        parked.push(job);
      },
    },
    state: {
      recordRejection: async (rejection) => {
        await Promise.resolve();
        if (broken.recording === true) throw outage;
        rejections.push(rejection);
      },
    },
  };
}

function recordOf(messageId: string, receives = 1, body = messageId): SQSRecord {
  return {
    messageId,
    receiptHandle: `handle-${messageId}`,
    body,
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: '1767323045000',
      SenderId: 'AROAEXAMPLE',
      ApproximateFirstReceiveTimestamp: '1767323045001',
      MessageGroupId: 'acme',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:999999999999:chunks',
    awsRegion: 'us-east-1',
  };
}

function eventOf(...Records: SQSRecord[]): SQSEvent {
  return { Records };
}

/** Work that fails with what stands under the message's body. */
function failing(failures: Readonly<Record<string, unknown>>): (body: string) => Promise<void> {
  return async (body) => {
    await Promise.resolve();
    if (body in failures) throw failures[body];
  };
}

/** The ids that are reported, so that SQS delivers them again. */
async function reported(
  event: SQSEvent,
  failures: Readonly<Record<string, unknown>>,
  ports: QueuePorts,
): Promise<string[]> {
  const { batchItemFailures } = await handleRecords(event, failing(failures), ports);
  return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

describe('work that is done', () => {
  test('is acknowledged', async () => {
    const ports = queue();
    expect(await reported(eventOf(recordOf('a'), recordOf('b')), {}, ports)).toEqual([]);
    expect(ports).toMatchObject({ rejections: [], delayed: [], parked: [] });
  });

  test('of no records is nothing', async () => {
    expect(await reported(eventOf(), {}, queue())).toEqual([]);
  });
});

describe('work that can never be done', () => {
  test('is recorded with its code and body, then acknowledged', async () => {
    const ports = queue();
    const failures = { a: new SourceChangedError('version v1 is gone') };
    expect(await reported(eventOf(recordOf('a')), failures, ports)).toEqual([]);
    expect(ports).toMatchObject({ delayed: [], parked: [] });
    expect(ports.rejections).toEqual([
      {
        id: 'a',
        sentAt: '2026-01-02T03:04:05.000Z',
        functionName: 'encrypt',
        code: 'ERR_SOURCE_CHANGED',
        message: 'version v1 is gone',
        body: 'a',
        rejectedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/u),
      },
    ]);
  });

  test('of one upload is recorded under one id and time, whichever of its jobs it is', async () => {
    const ports = queue();
    const record = { id: JOB.objectId, at: '2026-01-02T03:04:05.000Z' };
    const failure = new SourceUnreadableError('it is archived', { record });
    const event = eventOf(recordOf('a'), recordOf('b'));
    expect(await reported(event, { a: failure, b: failure }, ports)).toEqual([]);
    expect(ports.rejections.map(({ id, rejectedAt }) => [id, rejectedAt])).toEqual([
      [record.id, record.at],
      [record.id, record.at],
    ]);
  });

  test('is not acknowledged while it cannot be recorded', async () => {
    const ports = queue({ recording: true });
    expect(await reported(eventOf(recordOf('a')), { a: new JobInvalidError('x') }, ports)).toEqual(['a']);
  });

  test('is recorded with 64 Ki characters of its body', async () => {
    const ports = queue();
    const body = 'x'.repeat(100_000);
    await reported(eventOf(recordOf('a', 1, body)), { [body]: new EventInvalidError('x') }, ports);
    expect(ports.rejections.map((rejection) => rejection.body)).toEqual(['x'.repeat(65_536)]);
  });
});

describe('work that waits for a key', () => {
  const job = recordOf('a', 19, JSON.stringify(JOB));

  test.each([
    ['a revoked tenant', new TenantRevokedError('x')],
    ['a denied key', new TenantKeyDeniedError('x')],
  ])('of %s is parked in its place by the time it was sent, then acknowledged', async (_what, failure) => {
    const ports = queue();
    expect(await reported(eventOf(job), { [job.body]: failure }, ports)).toEqual([]);
    expect(ports.parked).toEqual([{ job: JOB, arrival: '001767323045000#a' }]);
    expect(ports).toMatchObject({ rejections: [], delayed: [] });
  });

  test('is not acknowledged while it cannot be parked', async () => {
    const ports = queue({ parking: true });
    expect(await reported(eventOf(job), { [job.body]: new TenantRevokedError('x') }, ports)).toEqual(['a']);
  });

  test('is tried again on a queue whose work never waits', async () => {
    const { parking: _parking, ...ports } = queue();
    expect(await reported(eventOf(job), { [job.body]: new TenantRevokedError('x') }, ports)).toEqual(['a']);
    expect(ports).toMatchObject({ parked: [], delayed: [['a', expect.any(Number)]] });
  });
});

describe('work to be tried again', () => {
  test.each([
    ['an outage of KMS', new KmsUnavailableError('x')],
    ['an outage of storage', new StorageUnavailableError('x')],
    ['a failure nobody foresaw', new TypeError('x is undefined')],
    ['what is no error', 'oops'],
    ['nothing', undefined],
  ])('for %s is delayed and reported', async (_what, failure) => {
    const ports = queue();
    expect(await reported(eventOf(recordOf('a')), { a: failure }, ports)).toEqual(['a']);
    expect(ports.delayed).toMatchObject([['a', expect.any(Number)]]);
    expect(ports.rejections).toEqual([]);
  });

  test.each([
    [1, 1],
    [2, 2],
    [3, 4],
    [10, 512],
    [11, 900],
    [100, 900],
    [5_000, 900],
  ])('received %i times waits a whole number of seconds, at most %i', async (receives, mostSeconds) => {
    const ports = queue();
    const records = Array.from({ length: 50 }, (_, index) => recordOf(String(index), receives, 'a'));
    await reported(eventOf(...records), { a: new KmsUnavailableError('x') }, ports);
    const delays = ports.delayed.map(([, seconds]) => seconds);
    expect(delays).toHaveLength(50);
    expect(
      delays.every((seconds) => Number.isInteger(seconds) && seconds >= 0 && seconds <= mostSeconds),
    ).toBe(true);
    // Jitter: they do not all come back at once.
    expect(new Set(delays).size).toBeGreaterThan(mostSeconds > 4 ? 5 : 0);
  });

  test('is reported though it cannot be delayed', async () => {
    const ports = queue({ delaying: true });
    expect(await reported(eventOf(recordOf('a')), { a: new KmsUnavailableError('x') }, ports)).toEqual(['a']);
  });
});

describe('a batch', () => {
  test('is dealt with message by message', async () => {
    const ports = queue();
    const failures = {
      rejected: new JobInvalidError('x'),
      [JSON.stringify(JOB)]: new TenantRevokedError('x'),
      retried: new KmsUnavailableError('x'),
    };
    const records = ['done', 'rejected', 'retried', 'also done'].map((id) => recordOf(id));
    records.push(recordOf('parked', 1, JSON.stringify(JOB)));
    expect(await reported(eventOf(...records), failures, ports)).toEqual(['retried']);
    expect(ports.rejections.map(({ id }) => id)).toEqual(['rejected']);
    expect(ports.parked.map(({ job }) => job)).toEqual([JOB]);
    expect(ports.delayed.map(([id]) => id)).toEqual(['retried']);
  });

  test('is worked on all at once', async () => {
    const order: string[] = [];
    await handleRecords(
      eventOf(recordOf('a'), recordOf('b')),
      async (body) => {
        order.push(`${body} began`);
        await Promise.resolve();
        order.push(`${body} ended`);
      },
      queue(),
    );
    expect(order.slice(0, 2)).toEqual(['a began', 'b began']);
  });
});
