/**
 * One sandbox of a benchmark. The process encrypts objects of one tenant, ten at a time as a batch of jobs does, and
 * asks KMS over HTTP. A message tells it its work.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import pLimit from 'p-limit';
import * as z from 'zod';
import { KEY_STORE_TABLE } from '../laptop/names.ts';
import { branchKeyTable } from '../shared/aws/branch-key-table.ts';
import { dataPathKms } from '../shared/aws/data-path-kms.ts';
import { encrypt } from '../shared/envelope/message/encrypt.ts';
import { type Kek, kekOf } from '../shared/envelope/kms/kek.ts';
import { materialsCache } from '../shared/envelope/cache/materials-cache.ts';
import { tenantSchema } from '../shared/tenant/tenant.ts';

const AT_ONCE = 10;
/** Objects that warm the process up: a sandbox runs for hours, so the time of the compiler must not count. */
const WARM_UPS = 1_000;

const workSchema = z.object({ tenant: tenantSchema, objects: z.int(), objectBytes: z.int() });

const [told] = await once(process, 'message');
const { tenant, objects, objectBytes } = workSchema.parse(told);
await encryptMany(freshKek(), WARM_UPS);
const kek = freshKek();
const going = once(process, 'message');
process.send?.('ready');
await going;
await encryptMany(kek, objects);
process.send?.('done');
process.disconnect();

/** Returns a KEK whose cache is empty. */
function freshKek(): Kek {
  return kekOf(tenant, {
    kms: dataPathKms(),
    branchKeys: branchKeyTable(KEY_STORE_TABLE),
    cache: materialsCache(),
    recordUse: () => undefined,
  });
}

async function encryptMany(key: Kek, count: number): Promise<void> {
  const content = randomBytes(objectBytes);
  const limit = pLimit(AT_ONCE);
  await Promise.all(
    Array.from({ length: count }, async (_none, index) => {
      const context = { 'tenant-id': tenant.tenantId, 'object-id': String(index) };
      await limit(async () => {
        using _ = await encrypt(key, { bytes: content.length, content: [content] }, context);
      });
    }),
  );
}
