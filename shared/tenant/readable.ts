/** Of many records those that could be read, and apart from them the failure that names the others. */
import { TenantInvalidError } from '../errors.ts';
import type { Tenant } from './tenant.ts';

export interface Readable {
  readonly tenants: readonly Tenant[];
  /** Names the rows that are no tenant's; undefined: there are none. */
  readonly invalid: TenantInvalidError | undefined;
}

/** @param records as the port Tenants gives them: they throw TenantInvalidError at their end. Any other failure is thrown. */
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
