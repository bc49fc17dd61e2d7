/** The tenants' keys as one sandbox of the data path uses them: cached, at a limited rate, and under guard. */
import { materialsCache } from '../envelope/cache/materials-cache.ts';
import type { Keys } from '../envelope/kms/kek.ts';
import { limitKmsCallsPerTenant } from '../envelope/kms/kms-rate.ts';
import { createGuard, type Guard } from '../revocation/guard.ts';
import type { Ports } from './ports.ts';

export type SandboxKeyPorts = Pick<
  Ports,
  'tenants' | 'dataPathKms' | 'keyStore' | 'recordKeyUse' | 'countCacheEvent' | 'revocations' | 'now'
>;

export interface SandboxKeySettings {
  /** The calls of KMS for one tenant that the sandbox makes in a second. */
  readonly kmsCallsPerSecond: number;
}

export interface SandboxKeys {
  readonly keys: Keys;
  readonly guard: Guard;
}

/** Makes the cache and the guard of one sandbox. */
export function sandboxKeys(ports: SandboxKeyPorts, settings: SandboxKeySettings): SandboxKeys {
  const { tenants, revocations, now } = ports;
  const cache = materialsCache({ onEvent: ports.countCacheEvent });
  const keys = {
    kms: limitKmsCallsPerTenant(ports.dataPathKms, { callsPerSecond: settings.kmsCallsPerSecond }),
    branchKeys: ports.keyStore,
    cache,
    recordUse: ports.recordKeyUse,
  };
  return { keys, guard: createGuard({ tenants, cache, now, revocations }) };
}
