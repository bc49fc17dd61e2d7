/** 10,000 tenants active in one sandbox, their keys pooled: what they hold, and what finding one of their keys takes. */
import { branchKeyTable } from '../shared/aws/branch-key-table.ts';
import { canonical, sharedContext } from '../shared/object/context.ts';
import { encrypt } from '../shared/envelope/message/encrypt.ts';
import { kekOf } from '../shared/envelope/kms/kek.ts';
import { ENCRYPTION } from '../shared/envelope/cache/kept-material.ts';
import { type MaterialsCache, materialsCache } from '../shared/envelope/cache/materials-cache.ts';
import { type Tenant, tenantSchema } from '../shared/tenant/tenant.ts';
import { heldBytes } from './heap.ts';
import { KEK_ARN, kmsStandIn } from './kms-stand-in.ts';
import type { Figure } from './report.ts';

const MIB = 1_048_576;
const TENANTS = 10_000;
/** Beyond what the cache keeps. */
const MORE_TENANTS = 1_000;
const OBJECT_BYTES = 1_024;

export async function benchPooled(): Promise<readonly Figure[]> {
  const tenants = Array.from({ length: TENANTS + MORE_TENANTS }, (_, index) => tenantOf(index));
  const cache = materialsCache();
  const [first] = tenants;
  // Whatever is made once is not the tenants'.
  if (first !== undefined) await use(materialsCache(), [first]);
  const baseBytes = allHeldBytes();
  await use(cache, tenants.slice(0, TENANTS));
  const bytes = allHeldBytes() - baseBytes;
  const startedAt = performance.now();
  const found = await keptOf(cache, tenants.slice(0, TENANTS));
  const elapsedMs = performance.now() - startedAt;
  await use(cache, tenants.slice(TENANTS));
  const title = '10,000 tenants in one sandbox';
  return [
    { name: `${title}: keys found`, value: found, unit: 'keys', reach: { atLeast: TENANTS } },
    { name: `${title}: memory`, value: bytes / MIB, unit: 'MiB' },
    { name: `${title}: to find a key`, value: (elapsedMs * 1_000) / TENANTS, unit: 'µs' },
    {
      name: '11,000 tenants: keys kept',
      value: await keptOf(cache, tenants),
      unit: 'keys',
      reach: { atMost: TENANTS },
    },
  ];
}

/** One small object of each tenant. The KMS of each is thrown away: nothing of it counts. */
async function use(cache: MaterialsCache, tenants: readonly Tenant[]): Promise<void> {
  const branchKeys = branchKeyTable('none');
  const content = [new Uint8Array(OBJECT_BYTES)];
  for (const tenant of tenants) {
    const kek = kekOf(tenant, { kms: kmsStandIn(), branchKeys, cache, recordUse: () => undefined });
    const context = { 'tenant-id': tenant.tenantId, 'object-id': 'bench' };
    using _ = await encrypt(kek, { bytes: OBJECT_BYTES, content }, context);
  }
}

async function keptOf(cache: MaterialsCache, tenants: readonly Tenant[]): Promise<number> {
  const wanted = {
    kind: ENCRYPTION,
    bytes: OBJECT_BYTES,
    fetch: () => Promise.reject(new Error('not kept')),
  };
  let kept = 0;
  for (const tenant of tenants) {
    const name = `encrypt ${canonical(sharedContext(tenant.tenantId))}`;
    const obtaining = cache.partition(tenant).obtain({ ...wanted, name });
    kept += await obtaining.then(() => 1).catch(() => 0);
  }
  return kept;
}

/** The plaintext keys are not on the heap. */
function allHeldBytes(): number {
  return heldBytes() + process.memoryUsage().arrayBuffers;
}

function tenantOf(index: number): Tenant {
  return tenantSchema.parse({
    tenantId: `bench-${index}`,
    kekArn: KEK_ARN.replace('11111111-', String(index).padStart(8, '0') + '-'),
    keyMode: 'cached',
    maxKeyAgeSeconds: 3_600,
    status: 'active',
    epoch: 1,
    signal: { name: 'registered', at: '2026-01-01T00:00:00.000Z' },
  });
}
