/** Separates the records that can be read from the failure that names the others. */
import { TenantInvalidError } from '../errors.ts';
import type { Tenant } from './tenant.ts';

export interface Readable {
  readonly tenants: readonly Tenant[];
  /** The error that names the rows that are no tenant's. Undefined when there are none. */
  readonly invalid: TenantInvalidError | undefined;
}

/**
 * Reads all records. `records` come from the port Tenants, which throws TenantInvalidError at their end.
 * @throws every other failure
 */
export async function readable(records: AsyncIterable<Tenant>): Promise<Readable> {
  const tenants: Tenant[] = [];
  try {
    for await (const tenant of records) tenants.push(tenant);
    return { tenants, invalid: undefined };
  } catch (error) {
    if (!(error instanceof TenantInvalidError)) throw error;
    return { tenants, invalid: error };
  }
}
