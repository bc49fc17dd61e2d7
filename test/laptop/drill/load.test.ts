import { expect, test } from 'vitest';
import { startLoad } from '../../../laptop/drill/load.ts';
import { createSeals } from '../../../laptop/drill/seals.ts';
import { objectIdOf } from '../../../shared/object/object-id.ts';
import { tenantIdSchema } from '../../../shared/tenant/tenant-id.ts';

const tenantId = tenantIdSchema.parse('globex');

/** Uploads are acknowledged, and nothing is ever sealed: whoever had taken the jobs was killed. */
function startUnsealed(patienceMs?: number) {
  const uploadedTwice = Promise.withResolvers<void>();
  let uploads = 0;
  const client = {
    upload: async (_tenant: string, key: string) => {
      uploads += 1;
      if (uploads === 2) uploadedTwice.resolve();
      return { tenantId, key, objectId: objectIdOf('ingest', `globex/${key}`, 'v1'), versionId: 'v1' };
    },
    restore: async () => await new Promise<Record<string, unknown>>((resolve) => setImmediate(resolve, {})),
  };
  const load = startLoad(tenantId, { client, seals: createSeals(), loops: 1, sealed: [], patienceMs });
  return { load, uploadedTwice: uploadedTwice.promise };
}

test('goes on uploading after its patience, where an object is not sealed', async () => {
  const { load, uploadedTwice } = startUnsealed(1);
  await uploadedTwice;
  await load.stop();
  expect(load.uploads.length).toBeGreaterThanOrEqual(2);
});

test('waits for the seal where it has no end to its patience', async () => {
  const { load } = startUnsealed();
  while (load.restoredMs.length < 20) await new Promise((resolve) => setImmediate(resolve));
  expect(load.uploads).toHaveLength(1);
  await load.stop();
});
