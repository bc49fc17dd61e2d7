/** A record of everything that attackers did to an account. A person puts it right. */
import type { Plan } from '../../../shared/object/plan.ts';
import type { TenantId } from '../../../shared/tenant/tenant-id.ts';
import type { EditedRecords } from '../edited-records.ts';

export interface Tampering {
  /** Rows in the place of tenants' records, by tenant id. */
  readonly records: EditedRecords;
  /** The tenants whose record was ever edited. */
  readonly edited: Set<string>;
  /** The version ids of tampered objects, by object id. Their jobs may be refused. */
  readonly objects: Map<string, string>;
  /** The tampered objects that may wait for a person, as long as their source stays. */
  readonly waiting: Set<string>;
  /** The names with a planted manifest. Nobody can tell whether another upload of such a name is newer. */
  readonly names: Set<string>;
  /** The uploads whose name in the vault is taken by a small object that claims to be a newer upload, by that name. */
  readonly usurped: Map<string, Pick<Plan, 'tenantId' | 'objectId'>>;
  /** The objects planted in the vault of a tenant that leaves, by name. Nobody promised to delete them. */
  readonly strewn: Map<string, Buffer>;
  /** The rows among parked jobs that are no jobs. */
  readonly parked: { readonly tenantId: TenantId; readonly arrival: string; readonly job: string }[];
}

export function newTampering(): Tampering {
  return {
    records: new Map(),
    edited: new Set(),
    objects: new Map(),
    waiting: new Set(),
    names: new Set(),
    usurped: new Map(),
    strewn: new Map(),
    parked: [],
  };
}
