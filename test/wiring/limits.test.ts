/** A sandbox limits its memory and its calls of KMS. The fleet of the model is wired as the functions are, so it does, too. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { tenantIdSchema } from '../../shared/tenant/tenant-id.ts';
import { CHUNK_BYTES } from '../support/fleet/account.ts';
import { encrypt, type Fleet, ingest, newFleet } from '../support/fleet/fleet.ts';
import { unsealed } from '../support/fleet/promises.ts';
import { letTimeGo, pass, stopTime } from '../support/fleet/virtual-time.ts';

const ACME = {
  tenantId: 'acme',
  accountId: '111111111111',
  keyMode: 'per-chunk',
  isolation: 'pooled',
  maxKeyAgeSeconds: 60,
  imported: false,
} as const;

beforeEach(() => {
  stopTime('2026-03-01T00:00:00.000Z');
});
afterEach(letTimeGo);

/** Uploads an object of so many chunks, and plans it. */
async function planned(fleet: Fleet, chunks: number): Promise<void> {
  fleet.account.upload(ACME.tenantId, 'a', chunks * CHUNK_BYTES, true);
  await ingest(fleet);
}

test('a sandbox has at most ten small chunks in memory', async () => {
  const fleet = await newFleet([ACME]);
  await planned(fleet, 15);
  const { sources, vault } = fleet.account;
  let inMemory = 0;
  let most = 0;
  const readRange = sources.readRange.bind(sources);
  const putChunk = vault.putChunk.bind(vault);
  vi.spyOn(sources, 'readRange').mockImplementation(async (...args) => {
    inMemory += 1;
    most = Math.max(most, inMemory);
    return await readRange(...args);
  });
  vi.spyOn(vault, 'putChunk').mockImplementation(async (...args) => {
    inMemory -= 1;
    return await putChunk(...args);
  });
  await encrypt(fleet, { most: 15 });
  expect(await unsealed(fleet.account, ACME.tenantId)).toEqual([]);
  expect(most).toBe(10);
});

test('a sandbox that has used up its calls of KMS leaves jobs on the queue for later', async () => {
  // One call in 2.5 seconds: the second one at once would have to wait too long.
  const fleet = await newFleet([ACME], 0.4);
  await planned(fleet, 3);
  await encrypt(fleet);
  expect(fleet.account.vault.objects.size).toBe(1);
  expect(fleet.account.chunkQueue.size()).toBe(2);
  expect(fleet.account.parking.parkedOf(tenantIdSchema.parse(ACME.tenantId))).toEqual([]);
  await pass(2_500);
  await encrypt(fleet);
  expect(fleet.account.vault.objects.size).toBe(2);
});
