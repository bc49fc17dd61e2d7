/** The ports of one sandbox over an account, for the product's own wiring. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Vault } from '../../../shared/ports/vault.ts';
import type { Removals } from '../../../shared/ports/tenants.ts';
import type { TenantId } from '../../../shared/tenant/tenant-id.ts';
import type { Ports } from '../../../shared/wiring/ports.ts';
import { isSealed } from './seals.ts';
import type { Account } from './account.ts';
import { kmsForOf, tableBehind } from './branch-keys.ts';
import { controlPlaneKmsOf, dataPathKmsOf } from './kms-ports.ts';
import { type Gate, gated } from './gate.ts';
import type { OurRole } from './tenant-keys.ts';
import { watchedDestinations, type WatchedVault, watchedVault } from './watched-buckets.ts';

/** The ports without the redelivery, which depends on the queue that invokes the function. */
export type SandboxPorts = Omit<Ports, 'redelivery'>;

export interface Occupant {
  readonly name: string;
  readonly role: OurRole;
  readonly gate: Gate;
}

/** The vault as one sandbox sees it. */
export interface VaultInUse {
  readonly vault: WatchedVault;
  /** Does one piece of work with a watch of its own, which knows when each message was begun. */
  readonly during: <T>(work: () => Promise<T>) => Promise<T>;
}

export function vaultInUse(account: Account, { name, gate }: Occupant): VaultInUse {
  const vault = gated<Vault>(account.vault, gate);
  const watches = new AsyncLocalStorage<WatchedVault>();
  const watch = (): WatchedVault => watchedVault(vault, account.uses, name);
  return {
    vault: new Proxy(watch(), { get: (_idle, member) => Reflect.get(watches.getStore() ?? {}, member) }),
    during: async (work) => await watches.run(watch(), work),
  };
}

/** Makes the ports of a sandbox. Every call of them goes through its gate. The logs are silent. */
export function portsOf(account: Account, occupant: Occupant, vault: WatchedVault): SandboxPorts {
  const { name, role, gate } = occupant;
  return {
    state: gated(account.state, gate),
    tenants: gated(account.tenants, gate),
    hearings: gated(account.hearings, gate),
    parking: gated(account.parking, gate),
    leases: gated(account.leases, gate),
    redrives: gated(account.redrives, gate),
    removals: gated(removalsOf(account), gate),
    sources: gated(account.sources, gate),
    listing: gated(account.listing, gate),
    vault,
    destinations: watchedDestinations(gated(account.destinations, gate), vault, gate),
    jobs: gated(account.jobs, gate),
    uploads: gated(account.notifications, gate),
    dataPathKms: gated(dataPathKmsOf(account, role, name), gate),
    controlPlaneKms: gated(controlPlaneKmsOf(account), gate),
    keyStore: tableBehind(account.keyStore.table, gate),
    kmsFor: kmsForOf(account.keys, gate),
    ...gated(destructionOf(account), gate),
    now: () => new Date(),
    recordKeyUse: ignore,
    countCacheEvent: ignore,
    revocations: { revoked: ignore, notRevoked: ignore },
    keyEvents: { handled: ignore, failed: ignore },
    reportNotice: ignore,
  };
}

function ignore(): void {
  // Nobody reads the logs of a fleet.
}

function removalsOf(account: Account): Removals {
  const { removals, toDrain, uploads, tampering } = account;
  return {
    read: (tenantId) => Promise.resolve(removals.get(tenantId)),
    async write(removal) {
      await Promise.resolve();
      const { tenantId } = removal;
      const unsealed = uploads.filter(
        (upload) =>
          upload.tenantId === tenantId &&
          !isSealed(account, upload) &&
          (account.state.plans.has(upload.objectId) || !tampering.waiting.has(upload.objectId)),
      );
      if (!removals.has(tenantId))
        toDrain.set(
          tenantId,
          unsealed.map(({ objectId }) => objectId),
        );
      removals.set(tenantId, removal);
    },
  };
}

function destructionOf({ vault, keyStore }: Account): Pick<Ports, 'deleteCiphertext' | 'shredBranchKey'> {
  return {
    deleteCiphertext: (tenantId: TenantId) =>
      Promise.resolve({ versions: deleteBelow(vault.objects, `${tenantId}/`), refused: [] }),
    shredBranchKey: (branchKeyId) => Promise.resolve(deleteBelow(keyStore.rows, `${branchKeyId} `)),
  };
}

/** Returns the number of objects that it deleted. */
function deleteBelow(objects: Map<string, unknown>, prefix: string): number {
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix));
  for (const key of keys) objects.delete(key);
  return keys.length;
}
