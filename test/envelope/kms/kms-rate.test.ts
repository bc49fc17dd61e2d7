import { expect, test } from 'vitest';
import { limitKmsCallsPerTenant } from '../../../shared/envelope/kms/kms-rate.ts';

const KeyId = 'arn:aws:kms:us-east-1:111111111111:key/11111111-2222-3333-4444-555555555555';

const answer = async () => ({ KeyId });

/** Makes a KMS that is limited to ten calls a second. Time passes only when a test moves it. */
function makeLimited() {
  const seen = { nowMs: 0, waitsMs: [] as number[] };
  const kms = limitKmsCallsPerTenant(
    { generateDataKey: answer, decrypt: answer },
    {
      callsPerSecond: 10,
      nowMs: () => seen.nowMs,
      async wait(waitMs) {
        seen.waitsMs.push(waitMs);
      },
    },
  );
  const ask = async (tenantId: string) =>
    await kms.generateDataKey({ KeyId, EncryptionContext: { 'tenant-id': tenantId } });
  const unwrapBranchKey = async (tenantId: string) =>
    await kms.decrypt({
      KeyId,
      CiphertextBlob: new Uint8Array(),
      EncryptionContext: { 'aws-crypto-ec:tenant-id': tenantId },
    });
  return { seen, ask, unwrapBranchKey };
}

async function times(count: number, call: () => Promise<unknown>): Promise<void> {
  for (let done = 0; done < count; done += 1) await call();
}

test('the calls of one second go at once, then each call waits for its turn', async () => {
  const { seen, ask } = makeLimited();
  await times(11, () => ask('acme'));
  expect(seen.waitsMs).toEqual([]);
  await times(3, () => ask('acme'));
  expect(seen.waitsMs).toEqual([100, 200, 300]);
});

test('a tenant whose calls would wait too long is told to come back, and no other tenant waits', async () => {
  const { seen, ask } = makeLimited();
  await times(21, () => ask('acme'));
  await expect(ask('acme')).rejects.toMatchObject({ code: 'ERR_KMS_UNAVAILABLE', disposition: 'retry' });
  const before = seen.waitsMs.length;
  await times(11, () => ask('globex'));
  expect(seen.waitsMs).toHaveLength(before);
});

test('a call that was given up does not count: once time has passed, the tenant goes on', async () => {
  const { seen, ask } = makeLimited();
  await times(21, () => ask('acme'));
  await times(5, () => ask('acme').catch(() => undefined));
  seen.nowMs += 100;
  await expect(ask('acme')).resolves.toMatchObject({ KeyId });
});

test('branch keys count for the tenant that they are bound to', async () => {
  const { ask, unwrapBranchKey } = makeLimited();
  await times(21, () => unwrapBranchKey('acme'));
  await expect(ask('acme')).rejects.toMatchObject({ code: 'ERR_KMS_UNAVAILABLE' });
});
