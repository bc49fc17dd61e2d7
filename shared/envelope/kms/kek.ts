/** One KEK of a tenant, the current one or one it had before, with the replicas and branch keys that belong to it. */
import type { DataPathKms } from '../../ports/kms.ts';
import { TenantKeyMisconfiguredError } from '../../errors.ts';
import { type Isolation, keksOf, type KeyMode, type Tenant } from '../../tenant/tenant.ts';
import type { TenantId } from '../../tenant/tenant-id.ts';
import type { BranchKeyTable } from './key-store.ts';
import type { KeyUse } from './key-use.ts';
import type { MaterialsCache } from '../cache/materials-cache.ts';

/** Whatever the KEKs of all tenants are used through in one sandbox. */
export interface Keys {
  readonly kms: DataPathKms;
  readonly branchKeys: BranchKeyTable;
  readonly cache: MaterialsCache;
  /** Called once per message, when it is done or has failed. */
  readonly recordUse: (use: KeyUse) => void;
}

export interface Kek {
  readonly tenantId: TenantId;
  /** The full key ARN. */
  readonly arn: string;
  /** What one of these and `arn` wraps, each of them unwraps, in its own region. */
  readonly replicaArns: readonly string[];
  /** Replicas that the tenant gave up. What they wrapped, `arn` and its replicas unwrap; they are asked for nothing. */
  readonly formerReplicaArns: readonly string[];
  /** Which it wraps; messages are made with the last one. */
  readonly branchKeyIds: readonly string[];
  readonly customKeyStore: boolean;
  readonly keyMode: KeyMode;
  readonly isolation: Isolation;
  readonly maxKeyAgeSeconds: number;
  readonly epoch: number;
  readonly keys: Keys;
}

/**
 * Default: the KEK that new objects are planned under.
 * @throws TenantKeyMisconfiguredError when the tenant never had that KEK: no other takes its place
 */
export function kekOf(tenant: Tenant, keys: Keys, arn: string = tenant.kekArn): Kek {
  const { tenantId, customKeyStore, keyMode, isolation, maxKeyAgeSeconds, epoch } = tenant;
  // A KEK that was replaced and is back has branch keys of both times.
  const times = keksOf(tenant).filter(({ kekArn }) => kekArn === arn);
  const last = times.at(-1);
  if (last === undefined)
    throw new TenantKeyMisconfiguredError(`tenant ${tenantId}: ${arn} is no key of the tenant's`, {
      kekArn: arn,
    });
  return {
    tenantId,
    arn,
    replicaArns: last.replicaArns,
    formerReplicaArns: times
      .flatMap(({ replicaArns }) => replicaArns)
      .filter((replicaArn) => !last.replicaArns.includes(replicaArn)),
    branchKeyIds: times.flatMap(({ branchKeyIds }) => branchKeyIds),
    customKeyStore: customKeyStore && arn === tenant.kekArn,
    keyMode,
    isolation,
    maxKeyAgeSeconds,
    epoch,
    keys,
  };
}

/** Whether DEKs are kept for further messages. */
export function cachesKeys({ keyMode, maxKeyAgeSeconds }: Kek): boolean {
  return keyMode === 'cached' && maxKeyAgeSeconds > 0;
}

/** Whether branch keys are kept for further messages, also to open messages made before the tenant left the mode. */
export function keepsBranchKeys({ keyMode, maxKeyAgeSeconds }: Kek): boolean {
  return keyMode !== 'per-chunk' && maxKeyAgeSeconds > 0;
}
