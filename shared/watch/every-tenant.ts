/** Work for every tenant, memory flat in their number. */
import type { Tenants } from '../ports/tenants.ts';
import type { Tenant } from '../tenant/tenant.ts';

const TENANTS_AT_ONCE = 32;

/**
 * Workers share one walk through the tenants, so no more of them are in memory than are worked on. Ends early when
 * `signal` aborts. What `work` throws goes to `failed` and stops nobody else.
 * @throws StorageUnavailableError when the tenants cannot be listed, TenantInvalidError when all others had their turn
 */
export async function forEveryTenant(
  tenants: Pick<Tenants, 'all'>,
  signal: AbortSignal,
  work: (tenant: Tenant) => Promise<void>,
  failed: (tenant: Tenant, error: unknown) => void,
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

/** A generator, which answers those who ask at the same time one after the other. */
async function* walkOf(tenants: AsyncIterable<Tenant>): AsyncGenerator<Tenant> {
  yield* tenants;
}
