/** Two tenants, each with a KEK in an account of its own, and the KMS stand-in that holds both. */
import { type Kek, type Keys, kekOf as kekOfKeys } from '../../shared/envelope/kms/kek.ts';
import type { DataPathKms } from '../../shared/ports/kms.ts';
import { materialsCache } from '../../shared/envelope/cache/materials-cache.ts';
import { type Tenant, tenantSchema } from '../../shared/tenant/tenant.ts';
import { memoryKeyStore } from './memory-key-store.ts';
import { kmsStandIn, type KmsStandIn } from './kms-stand-in.ts';

export const ACME: Tenant = tenantOf('acme', '111111111111');
export const GLOBEX: Tenant = tenantOf('globex', '222222222222');

export function kmsOfBoth(): KmsStandIn {
  const kms = kmsStandIn();
  kms.addKey(ACME.kekArn);
  kms.addKey(GLOBEX.kekArn);
  return kms;
}

/** Makes the keys of one sandbox over that KMS. Nothing is cached yet, and nobody reads its key uses. */
export function keysOf(kms: DataPathKms): Keys {
  return { kms, branchKeys: memoryKeyStore().table, cache: materialsCache(), recordUse: () => undefined };
}

export function kekOf(tenant: Tenant, kms: DataPathKms): Kek {
  return kekOfKeys(tenant, keysOf(kms));
}

function tenantOf(id: string, accountId: string): Tenant {
  return tenantSchema.parse({
    tenantId: id,
    kekArn: `arn:aws:kms:us-east-1:${accountId}:key/9d3ab1c2-0000-4000-8000-${accountId}`,
    status: 'active',
    epoch: 7,
    maxKeyAgeSeconds: 60,
    signal: { name: 'registered', at: '2026-01-01T00:00:00.000Z' },
  });
}
