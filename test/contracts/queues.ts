import type { SQSRecord } from 'aws-lambda';
import { expect, test } from 'vitest';
import type { Job } from '../../shared/object/job.ts';
import { objectIdOf } from '../../shared/object/object-id.ts';
import type { JobQueue, Redelivery, UploadQueue } from '../../shared/ports/queues.ts';
import { ACME } from '../support/tenants.ts';

export interface JobQueueWorld {
  readonly jobs: JobQueue;
  /** Takes all messages. */
  readonly received: () => Promise<readonly string[]>;
}

export interface UploadQueueWorld {
  readonly uploads: UploadQueue;
  /** Takes all messages. */
  readonly received: () => Promise<readonly string[]>;
}

export interface RedeliveryWorld {
  readonly redelivery: Redelivery;
  /** Puts a message on the queue. */
  readonly send: (body: string) => Promise<void>;
  /** Takes a message that is visible, if there is one. */
  readonly receive: () => Promise<SQSRecord | undefined>;
}

export function jobQueueContract(make: () => JobQueueWorld): void {
  const objectId = objectIdOf('ingest', 'acme/x', 'v1');

  function* jobsOf(count: number): Generator<Job> {
    for (let chunkIndex = 0; chunkIndex < count; chunkIndex += 1)
      yield { tenantId: ACME.tenantId, objectId, chunkIndex };
  }

  async function* late(): AsyncGenerator<Job> {
    for (const job of jobsOf(12)) yield await Promise.resolve(job);
  }

  test.each([
    [0, undefined],
    [1, undefined],
    [10, undefined],
    [11, 1],
    [175, undefined],
  ])('%i jobs are on the queue once they were sent', async (count, requestsAtOnce) => {
    const { jobs, received } = make();
    await jobs.send(jobsOf(count), requestsAtOnce);
    const texts = (await received()).toSorted();
    expect(texts).toEqual([...jobsOf(count)].map((job) => JSON.stringify(job)).toSorted());
  });

  test('jobs may come one by one', async () => {
    const { jobs, received } = make();
    await jobs.send(late());
    expect(await received()).toHaveLength(12);
  });
}

export function uploadQueueContract(make: () => UploadQueueWorld): void {
  test('a notification is on the queue as it was sent', async () => {
    const { uploads, received } = make();
    await uploads.send('{"Records":[]}');
    expect(await received()).toEqual(['{"Records":[]}']);
  });
}

export function redeliveryContract(make: () => RedeliveryWorld): void {
  test('a message that was not done comes back when it is told to, and counts as received once more', async () => {
    const { redelivery, send, receive } = make();
    await send('late');
    const first = await receive();
    if (first === undefined) throw new Error('the message is not there');
    await redelivery.delay(first, 3_600);
    expect(await receive()).toBeUndefined();
    await redelivery.delay(first, 0);
    const again = await receive();
    expect(again).toMatchObject({ messageId: first.messageId, body: 'late' });
    expect(again?.attributes.ApproximateReceiveCount).toBe('2');
  });
}
