/** Jobs that travel together, on a queue that is asked over HTTP. */
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { sqsJobs } from '../../shared/aws/sqs-queues.ts';
import { type Job, jobsOf, parseJob } from '../../shared/object/job.ts';
import type { JobQueue } from '../../shared/ports/queues.ts';
import { planOfChunks } from '../contracts/state.ts';
import { codeOf } from '../support/content.ts';
import { ACME } from '../support/tenants.ts';
import { clientConfig, type Services, startServices } from '../support/services.ts';

const requestSchema = z.object({ Entries: z.array(z.object({ Id: z.string(), MessageBody: z.string() })) });
const answerSchema = z.object({ Successful: z.array(z.looseObject({ Id: z.string() })) });

let services: Services;
let sqs: SQSClient;
let jobs: JobQueue;
let requests: (readonly string[])[] = [];
/** The job that the queue does not take. */
let refused = '';

beforeAll(async () => {
  services = await startServices();
  sqs = new SQSClient({ ...clientConfig(services), useQueueUrlAsEndpoint: false });
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'jobs' }));
  jobs = sqsJobs(sqs, QueueUrl);
  sqs.middlewareStack.add(
    (next) => async (args) => {
      const { Entries } = requestSchema.parse(args.input);
      requests.push(Entries.map(({ MessageBody }) => MessageBody));
      const result = await next(args);
      const { Successful } = answerSchema.parse(result.output);
      const [Id] = Entries.filter(({ MessageBody }) => MessageBody === refused).map((entry) => entry.Id);
      if (Id === undefined) return result;
      Object.assign(result.output, {
        Successful: Successful.filter((one) => one.Id !== Id),
        Failed: [{ Id, Code: 'InternalError', SenderFault: false }],
      });
      return result;
    },
    { step: 'initialize', name: 'watchBatches', priority: 'high' },
  );
});
afterEach(() => {
  requests = [];
  refused = '';
});
afterAll(async () => {
  sqs.destroy();
  await services.close();
});

function oneJob(): readonly Job[] {
  return [...jobsOf(planOfChunks(1), 0)];
}

describe('jobs that are sent at once', () => {
  test('travel in one request, whoever sends them', async () => {
    await Promise.all([oneJob(), oneJob(), oneJob()].map(async (some) => await jobs.send(some)));
    expect(requests.map((request) => request.length)).toEqual([3]);
  });

  test('are ten to a request', async () => {
    await Promise.all([jobs.send(jobsOf(planOfChunks(17), 0)), jobs.send(oneJob())]);
    expect(requests.map((request) => request.length)).toEqual([10, 8]);
  });

  test('fail alone when the queue does not take them', async () => {
    const [one, other] = [oneJob(), oneJob()];
    refused = JSON.stringify(other[0]);
    const outcomes = await Promise.all(
      [one, other].map(async (some) => await jobs.send(some).then(() => 'sent', codeOf)),
    );
    expect(outcomes).toEqual(['sent', 'ERR_STORAGE_UNAVAILABLE']);
    expect(requests).toHaveLength(1);
  });
});

test('a small object of a name that SQS refuses as it is goes on the queue, and holds up nobody', async () => {
  const { source } = planOfChunks(1);
  const named = (name: string): Job => ({
    tenantId: ACME.tenantId,
    source: { ...source, key: `acme/${name}` },
    sizeBytes: 1,
  });
  const small = ['\uFFFE\uFFFF', '\u0000\u0001\u007F\u0085', 'ü €', '😀', '"\\'].map(named);
  const chunks = oneJob();
  await Promise.all([jobs.send(small), jobs.send(chunks)]);
  const taken = requests.flat().map((body) => parseJob(body));
  expect(taken).toHaveLength(small.length + 1);
  expect(taken).toEqual(expect.arrayContaining([...small, ...chunks]));
  expect(requests.flat().join('')).toMatch(/^[\x20-\x7e]+$/u);
});

describe('a job', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  test('waits a few milliseconds for those of others', async () => {
    const one = jobs.send(oneJob());
    await vi.advanceTimersByTimeAsync(4);
    expect(requests).toEqual([]);
    const other = jobs.send(oneJob());
    await vi.advanceTimersByTimeAsync(1);
    expect(requests.map((request) => request.length)).toEqual([2]);
    await Promise.all([one, other]);
  });

  test('that fills its request sends it at once, and no time passes', async () => {
    await Promise.all([jobs.send(jobsOf(planOfChunks(3), 0)), jobs.send(jobsOf(planOfChunks(7), 0))]);
    expect(requests.map((request) => request.length)).toEqual([10]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that comes after a full request waits anew', async () => {
    await jobs.send(jobsOf(planOfChunks(10), 0));
    const late = jobs.send(oneJob());
    await vi.advanceTimersByTimeAsync(5);
    await late;
    expect(requests.map((request) => request.length)).toEqual([10, 1]);
  });
});

test('many jobs are sent by a limited number of requests at once', async () => {
  let [made, sent] = [0, 0];
  async function* slowly(): AsyncGenerator<Job> {
    for (const job of jobsOf(planOfChunks(100), 0)) {
      made += 1;
      sent = requests.flat().length;
      expect(made - sent).toBeLessThanOrEqual(21);
      yield await Promise.resolve(job);
    }
  }
  await jobs.send(slowly(), 2);
  expect(requests).toHaveLength(10);
});
