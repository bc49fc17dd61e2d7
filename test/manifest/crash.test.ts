import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encryptJob } from '../../shared/encrypt/encrypt-job.ts';
import { jobsOf } from '../../shared/object/job.ts';
import type { Plan } from '../../shared/object/plan.ts';
import { restore } from '../../shared/restore/restore.ts';
import { ACME } from '../support/tenants.ts';
import { CHUNK_BYTES, NEVER, planned, world, type World } from '../support/world.ts';

const destination = { bucket: 'restored', key: 'acme/report.pdf' };

/** Delivers the plan's jobs, and returns the number of those that were done before the sandbox died. */
async function deliverJobs(plan: Plan, ports: World): Promise<number> {
  let done = 0;
  for (const job of jobsOf(plan, 0)) {
    try {
      await encryptJob(JSON.stringify(job), ports, NEVER);
      done += 1;
    } catch {
      // The job is not acknowledged, so the queue delivers it again.
    }
  }
  return done;
}

async function restoreContent(ports: World): Promise<Buffer | undefined> {
  const request = { tenantId: ACME.tenantId, key: 'report.pdf', destination };
  await restore(request, ports, NEVER);
  return ports.destinations.objects.get('restored/acme/report.pdf')?.body;
}

async function countEffects(bytes: number): Promise<number> {
  const ports = world();
  await deliverJobs(planned(ports, randomBytes(bytes)), ports);
  return ports.effects.log.length;
}

describe.each([0, 2 * CHUNK_BYTES + 1])(
  'a sandbox that dies while an object of %i bytes is encrypted and sealed',
  (bytes) => {
    test('leaves the source or a sealed object, wherever it dies; redelivered, it ends sealed once', async () => {
      const steps = await countEffects(bytes);
      expect(steps).toBeGreaterThanOrEqual(10);
      for (let step = 1; step <= steps; step += 1) {
        const ports = world();
        const body = randomBytes(bytes);
        const plan = planned(ports, body);
        ports.effects.dieAfter(step);
        expect(await deliverJobs(plan, ports)).toBeLessThan(plan.chunkCount);
        ports.effects.revive();

        const survived = ports.sources.versions.get('v1')?.body ?? (await restoreContent(ports));
        expect(survived?.equals(body)).toBe(true);

        expect(await deliverJobs(plan, ports)).toBe(plan.chunkCount);
        expect(body.equals((await restoreContent(ports)) ?? randomBytes(1))).toBe(true);
        expect(ports.sources.versions.size).toBe(0);
        expect(ports.state.plans.get(plan.objectId)?.sealedAt).toBeDefined();
        expect(ports.effects.log.filter((name) => name === 'vault.putEntry')).toHaveLength(1);
      }
    });
  },
);
