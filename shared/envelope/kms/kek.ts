/** One KEK of a tenant, the current one or one it had before, with the replicas and branch keys that belong to it. */
import type { DataPathKms } from '../../ports/kms.ts';
import { TenantKeyMisconfiguredError } from '../../errors.ts';
import { type Isolation, keksOf, type KeyMode, type Tenant } from '../../tenant/tenant.ts';
import type { TenantId } from '../../tenant/tenant-id.ts';
import type { BranchKeyTable } from './key-store.ts';
import type { KeyUse } from './key-use.ts';
import type { MaterialsCache } from '../cache/materials-cache.ts';

/** The means by which one sandbox uses the KEKs of all tenants. */
export interface Keys {
  readonly kms: DataPathKms;
  readonly branchKeys: BranchKeyTable;
  readonly cache: MaterialsCache;
  /** Takes the record of one message, once, when the message is done or has failed. */
  readonly recordUse: (use: KeyUse) => void;
}

export interface Kek {
  readonly tenantId: TenantId;
  /** The full key ARN. */
  readonly arn: string;
  /** Its replicas. Each of them, and `arn` too, unwraps in its own region what any of them wrapped. */
  readonly replicaArns: readonly string[];
  /** Replicas that the tenant gave up. They are asked for nothing; `arn` and its replicas unwrap what they wrapped. */
  readonly formerReplicaArns: readonly string[];
  /** The branch keys that it wraps. Messages are made with the last one. */
  readonly branchKeyIds: readonly string[];
  readonly customKeyStore: boolean;
  readonly keyMode: KeyMode;
  readonly isolation: Isolation;
  readonly maxKeyAgeSeconds: number;
  readonly epoch: number;
  readonly keys: Keys;
}

/**
 * Returns the tenant's KEK of that ARN. Default: the KEK that new objects are planned under.
 * @throws TenantKeyMisconfiguredError when the tenant never had that KEK: no other takes its place
 */
export function kekOf(tenant: Tenant, keys: Keys, arn: string = tenant.kekArn): Kek {
  const { tenantId, customKeyStore, keyMode, isolation, maxKeyAgeSeconds, epoch } = tenant;
  // A KEK that was replaced and came back has branch keys of both times.
  const times = keksOf(tenant).filter(({ kekArn }) => kekArn === arn);
  const last = times.at(-1);
  if (last === undefined)
    throw new TenantKeyMisconfiguredError(
      `tenant ${tenantId}: ${arn} is not and was not a key of this tenant`,
      {
        kekArn: arn,
      },
    );
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

/** True when DEKs are kept for further messages. */
export function cachesKeys({ keyMode, maxKeyAgeSeconds }: Kek): boolean {
  return keyMode === 'cached' && maxKeyAgeSeconds > 0;
}

/**
 * True when branch keys are kept for further messages; also after the tenant left the mode, to open its older messages.
 */
export function keepsBranchKeys({ keyMode, maxKeyAgeSeconds }: Kek): boolean {
  return keyMode !== 'per-chunk' && maxKeyAgeSeconds > 0;
}
