/** Tenants' records that somebody else wrote to the state table, as its readers take them: shared/aws/tenant-records.ts. */
import { parseTenant } from '../../shared/aws/tenant-records.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';

/** The values in records' places until they are put right, by tenant id. A record that we write meanwhile is there afterwards. */
export type EditedRecords = Map<string, unknown>;

/**
 * Undefined when there is no record.
 * @throws TenantInvalidError when what is in its place is no record of this tenant's
 */
export function recordIn(
  records: ReadonlyMap<string, Tenant>,
  edited: EditedRecords,
  tenantId: TenantId,
): Tenant | undefined {
  if (edited.has(tenantId)) return parseTenant(edited.get(tenantId), tenantId);
  return records.get(tenantId);
}
