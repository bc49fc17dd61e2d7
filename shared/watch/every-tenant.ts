/** Does work for every tenant, with memory that does not grow with their number. */
import type { Tenants } from '../ports/tenants.ts';
import type { Tenant } from '../tenant/tenant.ts';

const TENANTS_AT_ONCE = 32;

export interface TenantWork {
  readonly work: (tenant: Tenant) => Promise<void>;
  /** Takes what `work` threw. The other tenants have their turn all the same. */
  readonly failed: (tenant: Tenant, error: unknown) => void;
}

/**
 * Shares one walk through the tenants between its workers, so no more tenants are in memory than are worked on. It ends
 * early when `signal` aborts.
 * @throws StorageUnavailableError when the tenants cannot be listed, TenantInvalidError after all other tenants had
 * their turn
 */
export async function forEveryTenant(
  tenants: Pick<Tenants, 'all'>,
  { work, failed }: TenantWork,
  signal: AbortSignal,
): Promise<void> {
  const walk = walkOf(tenants.all());
  const workers = Array.from({ length: TENANTS_AT_ONCE }, async () => {
    for await (const tenant of walk) {
      if (signal.aborted) return;
      await work(tenant).catch((error: unknown) => {
        failed(tenant, error);
      });
    }
  });
  for (const worker of await Promise.allSettled(workers)) {
    if (worker.status === 'rejected') throw worker.reason;
  }
}

/** Walks by a generator, which answers workers that ask at the same time one after the other. */
async function* walkOf(tenants: AsyncIterable<Tenant>): AsyncGenerator<Tenant> {
  yield* tenants;
}
