import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { PlanInvalidError, StorageUnavailableError } from '../../shared/errors.ts';
import { countWaiting } from '../../shared/offboarding/waiting.ts';
import { memoryListing } from '../support/memory-redrives.ts';
import { ACME } from '../support/tenants.ts';
import { NEVER, planned, world } from '../support/world.ts';

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
  expect(await countWaiting(ACME.tenantId, ports, NEVER)).toEqual({ planned: 1, uploads: 2 });
});

test('what cannot be counted now is not taken for nothing', async () => {
  const ports = bucketOfTwo();
  ports.effects.failOnce('state.tenantAndPlan', new StorageUnavailableError('throttled'));
  await expect(countWaiting(ACME.tenantId, ports, NEVER)).rejects.toMatchObject({
    code: 'ERR_STORAGE_UNAVAILABLE',
  });
});
