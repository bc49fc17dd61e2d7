import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { PlanInvalidError, StorageUnavailableError } from '../../shared/errors.ts';
import { countWaiting } from '../../shared/offboarding/waiting.ts';
import { memoryListing } from '../support/memory-redrives.ts';
import { ACME } from '../support/tenants.ts';
import { NEVER, planned, uploadedInline, world } from '../support/world.ts';

const QUERY = { tenantId: ACME.tenantId, closedAt: '2026-03-01T12:00:00.000Z' };

function bucketOfTwo(): ReturnType<typeof world> & { readonly listing: ReturnType<typeof memoryListing> } {
  const ports = world();
  const listing = memoryListing(ports.effects);
  for (const versionId of ['v1', 'v2'])
    listing.listed.push({ ...planned(ports, randomBytes(10), { versionId }).source, sizeBytes: 10 });
  return { ...ports, listing };
}

test('an upload whose plan does not prove itself is left, not waited for', async () => {
  const ports = bucketOfTwo();
  ports.effects.failOnce('state.tenantAndPlan', new PlanInvalidError('forged'));
  expect(await countWaiting(QUERY, ports, NEVER)).toMatchObject({
    taken: { count: 1 },
    unsealable: { count: 1, first: [expect.stringContaining('ERR_PLAN_INVALID')] },
    uploads: 2,
  });
});

test('an upload that S3 never lets us read is left, not waited for', async () => {
  const ports = bucketOfTwo();
  const [plan] = ports.state.plans.values();
  if (plan !== undefined)
    await ports.state.markUnreadable(plan, { at: plan.plannedAt, reason: 'it is archived' });
  expect(await countWaiting(QUERY, ports, NEVER)).toMatchObject({
    taken: { count: 1 },
    unsealable: { count: 1, first: [expect.stringContaining('ERR_SOURCE_UNREADABLE')] },
    uploads: 2,
  });
});

test('a small object without a plan is waited for if it came before the intake was closed', async () => {
  const ports = bucketOfTwo();
  ports.state.plans.clear();
  ports.listing.listed.splice(1, 1, {
    ...uploadedInline(ports, randomBytes(10), { versionId: 'v2' }).source,
    uploadedAt: QUERY.closedAt,
    sizeBytes: 10,
  });
  expect(await countWaiting(QUERY, ports, NEVER)).toMatchObject({ taken: { count: 1 }, uploads: 2 });
});

test('a folder that the console of S3 made for the tenant is left, not waited for', async () => {
  const ports = bucketOfTwo();
  const [version] = ports.listing.listed;
  if (version !== undefined) ports.listing.listed.push({ ...version, key: 'acme/', sizeBytes: 0 });
  expect(await countWaiting(QUERY, ports, NEVER)).toMatchObject({
    taken: { count: 2 },
    unsealable: { count: 1, first: [expect.stringContaining('ERR_EVENT_INVALID')] },
    uploads: 3,
  });
});

test('an outage while counting is thrown, and not counted as zero', async () => {
  const ports = bucketOfTwo();
  ports.effects.failOnce('state.tenantAndPlan', new StorageUnavailableError('throttled'));
  await expect(countWaiting(QUERY, ports, NEVER)).rejects.toMatchObject({
    code: 'ERR_STORAGE_UNAVAILABLE',
  });
});
