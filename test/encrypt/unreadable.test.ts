import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encryptJob } from '../../shared/encrypt/encrypt-job.ts';
import { jobsOf } from '../../shared/object/job.ts';
import { SourceUnreadableError } from '../../shared/errors.ts';
import { CHUNK_BYTES, NEVER, planned, SEALED_AT, type World, world } from '../support/world.ts';

const REASON = 'it is archived';

function archive(ports: World): void {
  Object.assign(ports.sources, {
    readRange: async () => await Promise.reject(new SourceUnreadableError(REASON)),
  });
}

async function doJobs(ports: World, jobs: Iterable<object>): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const job of jobs)
    found.push(
      await encryptJob(JSON.stringify(job), ports, NEVER).then(
        () => 'done',
        (error) => error,
      ),
    );
  return found;
}

describe('an upload that can never be read', () => {
  test('fails all its jobs under one record, and is kept', async () => {
    const ports = world();
    archive(ports);
    const plan = planned(ports, randomBytes(3 * CHUNK_BYTES));
    const found = await doJobs(ports, jobsOf(plan, 0));
    expect(found).toHaveLength(3);
    for (const failure of found)
      expect(failure).toMatchObject({
        code: 'ERR_SOURCE_UNREADABLE',
        message: REASON,
        record: { id: plan.objectId, at: SEALED_AT },
      });
    expect(ports.sources.versions.has(plan.source.versionId)).toBe(true);
    expect(ports.state.plans.get(plan.objectId)?.unreadable).toEqual({ at: SEALED_AT, reason: REASON });
  });

  test('is asked for once: its other jobs do not go to S3', async () => {
    const ports = world();
    const plan = planned(ports, randomBytes(3 * CHUNK_BYTES));
    let reads = 0;
    Object.assign(ports.sources, {
      readRange: async () => {
        reads += 1;
        return await Promise.reject(new SourceUnreadableError(REASON));
      },
    });
    await doJobs(ports, jobsOf(plan, 0));
    expect(reads).toBe(1);
  });

  test('is sealed once it can be read and its plan does not say otherwise any more', async () => {
    const ports = world();
    const sources = { ...ports.sources };
    archive(ports);
    const plan = planned(ports, randomBytes(2 * CHUNK_BYTES));
    await doJobs(ports, jobsOf(plan, 0));
    Object.assign(ports.sources, sources);
    expect(await doJobs(ports, jobsOf(plan, 0))).toMatchObject([
      { code: 'ERR_SOURCE_UNREADABLE' },
      { code: 'ERR_SOURCE_UNREADABLE' },
    ]);
    ports.state.plans.set(plan.objectId, plan);
    expect(await doJobs(ports, jobsOf(plan, 0))).toEqual(['done', 'done']);
    expect(ports.state.plans.get(plan.objectId)?.sealedAt).toBe(SEALED_AT);
  });
});
