import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import {
  EventInvalidError,
  JobInvalidError,
  KmsUnavailableError,
  SourceChangedError,
  StorageUnavailableError,
  TenantKeyDeniedError,
  TenantRevokedError,
} from '../../shared/errors.ts';
import { handleRecords, type QueuePorts } from '../../shared/lambda/queue.ts';
import type { Rejection } from '../../shared/ports.ts';

interface Queue extends QueuePorts {
  readonly rejections: Rejection[];
  /** `delay` or `requeue`, the message and for how many seconds. */
  readonly redelivered: [string, string, number][];
}

interface Broken {
  readonly recording?: boolean;
  readonly redelivering?: boolean;
}

function queue({ recording = false, redelivering = false }: Broken = {}): Queue {
  const rejections: Rejection[] = [];
  const redelivered: [string, string, number][] = [];
  const outage = new StorageUnavailableError('throttled');
  async function redeliver(how: string, { messageId }: SQSRecord, seconds: number): Promise<void> {
    await Promise.resolve();
    if (redelivering) throw outage;
    redelivered.push([how, messageId, seconds]);
  }
  return {
    rejections,
    redelivered,
    functionName: 'encrypt',
    redelivery: {
      delay: async (record, seconds) => await redeliver('delay', record, seconds),
      requeue: async (record, seconds) => await redeliver('requeue', record, seconds),
    },
    state: {
      recordRejection: async (rejection) => {
        await Promise.resolve();
        if (recording) throw outage;
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
  ports: Queue,
): Promise<string[]> {
  const { batchItemFailures } = await handleRecords(event, failing(failures), ports);
  return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

describe('work that is done', () => {
  test('is acknowledged', async () => {
    const ports = queue();
    expect(await reported(eventOf(recordOf('a'), recordOf('b')), {}, ports)).toEqual([]);
    expect(ports).toMatchObject({ rejections: [], redelivered: [] });
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
    expect(ports.redelivered).toEqual([]);
    expect(ports.rejections).toEqual([
      {
        id: 'a',
        functionName: 'encrypt',
        code: 'ERR_SOURCE_CHANGED',
        message: 'version v1 is gone',
        body: 'a',
        rejectedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/u),
      },
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
  test.each([
    ['a revoked tenant', new TenantRevokedError('x')],
    ['a denied key', new TenantKeyDeniedError('x')],
  ])('of %s is on the queue afresh, a minute away, then acknowledged', async (_what, failure) => {
    const ports = queue();
    expect(await reported(eventOf(recordOf('a', 4)), { a: failure }, ports)).toEqual([]);
    expect(ports.redelivered).toEqual([['requeue', 'a', 60]]);
    expect(ports.rejections).toEqual([]);
  });

  test('is not acknowledged while it cannot be put back', async () => {
    const ports = queue({ redelivering: true });
    expect(await reported(eventOf(recordOf('a')), { a: new TenantRevokedError('x') }, ports)).toEqual(['a']);
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
    expect(ports.redelivered).toMatchObject([['delay', 'a', expect.any(Number)]]);
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
    const delays = ports.redelivered.map(([, , seconds]) => seconds);
    expect(delays).toHaveLength(50);
    expect(
      delays.every((seconds) => Number.isInteger(seconds) && seconds >= 0 && seconds <= mostSeconds),
    ).toBe(true);
    // Jitter: they do not all come back at once.
    expect(new Set(delays).size).toBeGreaterThan(mostSeconds > 4 ? 5 : 0);
  });

  test('is reported though it cannot be delayed', async () => {
    const ports = queue({ redelivering: true });
    expect(await reported(eventOf(recordOf('a')), { a: new KmsUnavailableError('x') }, ports)).toEqual(['a']);
  });
});

describe('a batch', () => {
  test('is dealt with message by message', async () => {
    const ports = queue();
    const failures = {
      rejected: new JobInvalidError('x'),
      parked: new TenantRevokedError('x'),
      retried: new KmsUnavailableError('x'),
    };
    const records = ['done', 'rejected', 'parked', 'retried', 'also done'].map((id) => recordOf(id));
    expect(await reported(eventOf(...records), failures, ports)).toEqual(['retried']);
    expect(ports.rejections.map(({ id }) => id)).toEqual(['rejected']);
    expect(ports.redelivered.map(([how, id]) => `${how} ${id}`).toSorted()).toEqual([
      'delay retried',
      'requeue parked',
    ]);
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
