/** The state table's keys and lifetimes. */
import type { ObjectId } from '../object/object-id.ts';
import type { Plan } from '../object/plan.ts';
import type { Rejection } from '../ports/state.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

export function tenantItem(tenantId: TenantId): ItemKey {
  return { pk: `tenant#${tenantId}`, sk: 'tenant' };
}

/** The partition that lists the tenants, one item each. The items hold no state, which `tenantItem` alone does. */
export const TENANT_LIST = 'tenants';

export function tenantListItem(tenantId: TenantId): ItemKey {
  return { pk: TENANT_LIST, sk: tenantId };
}

/** Returns the partition of the tenants that hold this key. */
export function kekPartition(kekArn: string): string {
  return `kek#${kekArn}`;
}

/** Returns the key of the item of one tenant that holds this key. A key of several tenants has several items. */
export function kekItem(kekArn: string, tenantId: TenantId): ItemKey {
  return { pk: kekPartition(kekArn), sk: tenantId };
}

/** Returns the key of the item that tells when this key was heard of last. */
export function heardItem(kekArn: string): ItemKey {
  return { pk: `heard#${kekArn}`, sk: 'heard' };
}

/** Returns the key of the item of the newest signal of that name about this key. */
export function heardSignalItem(kekArn: string, signalName: string): ItemKey {
  return { ...heardItem(kekArn), sk: `${HEARD_SIGNALS}${signalName}` };
}

export const HEARD_SIGNALS = 'signal#';

/** Returns the key of the item that tells how far the removal of a tenant has come. */
export function removalItem(tenantId: TenantId): ItemKey {
  return { ...tenantItem(tenantId), sk: 'removal' };
}

/** Returns the partition of all parked jobs of a tenant. */
export function parkedPartition(tenantId: TenantId): string {
  return `parked#${tenantId}`;
}

export function parkedItem(tenantId: TenantId, arrival: string): ItemKey {
  return { pk: parkedPartition(tenantId), sk: arrival };
}

/** Returns the key of the item that names the holder of a lease. */
export function leaseItem(name: string): ItemKey {
  return { pk: 'lease', sk: name };
}

export function planItem(objectId: ObjectId): ItemKey {
  return { pk: `object#${objectId}`, sk: 'plan' };
}

/**
 * Returns the key of the item of an upload's last redrive. It lies beside the plan, because an upload that was never
 * planned is re-driven too.
 */
export function redriveItem(objectId: ObjectId): ItemKey {
  return { ...planItem(objectId), sk: 'redrive' };
}

export const redriveMarkerItem: ItemKey = { pk: 'redrive', sk: 'marker' };

/**
 * Returns the key of the item of one group of receipts. Each group has a partition of its own, so that no object's
 * receipts wait for one partition's write capacity. Receipts of version 0.1.0 rest under `receipts#{objectId}#{group}`
 * and are read no more: the chunk is written again.
 */
export function receiptsItem(
  { objectId, generation }: Pick<Plan, 'objectId' | 'generation'>,
  level: number,
  group: number,
): ItemKey {
  return { pk: `receipts#${objectId}#${generation}#${level}#${group}`, sk: 'receipts' };
}

/**
 * Returns the key of the item of one rejection. All are in one partition, in order of the time when their message was
 * sent. That time never changes, so a message that is rejected twice has one item. Rows of earlier versions have the
 * message's id alone as their sort key.
 */
export function rejectionItem({ sentAt, id }: Pick<Rejection, 'sentAt' | 'id'>): ItemKey {
  return { pk: 'rejection', sk: `${sentAt}#${id}` };
}

/** Returns the value of the table's TTL attribute `expiresAt`, in seconds since 1970. */
export function expiresAt(secondsFromNow: number): number {
  return Math.ceil(Date.now() / 1000) + secondsFromNow;
}
