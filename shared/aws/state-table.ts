/** The state table's keys and lifetimes. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { ObjectId } from '../object/object-id.ts';
import type { Plan } from '../object/plan.ts';
import type { Rejection } from '../ports/state.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

export interface StateTable {
  readonly client: DynamoDBDocumentClient;
  readonly name: string;
}

export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

export function tenantItem(tenantId: TenantId): ItemKey {
  return { pk: `tenant#${tenantId}`, sk: 'tenant' };
}

/** One item per tenant in one partition: the list of tenants. It holds no state, which tenantItem alone does. */
export const TENANT_LIST = 'tenants';

export function tenantListItem(tenantId: TenantId): ItemKey {
  return { pk: TENANT_LIST, sk: tenantId };
}

/** Who holds this key. */
export function kekPartition(kekArn: string): string {
  return `kek#${kekArn}`;
}

/** A key of several tenants has several items. */
export function kekItem(kekArn: string, tenantId: TenantId): ItemKey {
  return { pk: kekPartition(kekArn), sk: tenantId };
}

/** That events of this key reach us. */
export function heardItem(kekArn: string): ItemKey {
  return { pk: `heard#${kekArn}`, sk: 'heard' };
}

/** What was heard of this key: one item of each name. */
export function heardSignalItem(kekArn: string, signalName: string): ItemKey {
  return { ...heardItem(kekArn), sk: `${HEARD_SIGNALS}${signalName}` };
}

export const HEARD_SIGNALS = 'signal#';

/** How far the removal of a tenant has come. */
export function removalItem(tenantId: TenantId): ItemKey {
  return { ...tenantItem(tenantId), sk: 'removal' };
}

/** Where all parked jobs of a tenant are. */
export function parkedPartition(tenantId: TenantId): string {
  return `parked#${tenantId}`;
}

export function parkedItem(tenantId: TenantId, arrival: string): ItemKey {
  return { pk: parkedPartition(tenantId), sk: arrival };
}

/** Who does what only one at a time should do. */
export function leaseItem(name: string): ItemKey {
  return { pk: 'lease', sk: name };
}

export function planItem(objectId: ObjectId): ItemKey {
  return { pk: `object#${objectId}`, sk: 'plan' };
}

/** Beside the plan, for there may be none: what is re-driven may never have been planned. */
export function redriveItem(objectId: ObjectId): ItemKey {
  return { ...planItem(objectId), sk: 'redrive' };
}

export const redriveMarkerItem: ItemKey = { pk: 'redrive', sk: 'marker' };

/**
 * A partition of its own per group, so that no object's receipts wait for one partition's write capacity. Receipts of
 * version 0.1.0 rest under `receipts#{objectId}#{group}` and are read no more: the chunk is written again.
 */
export function receiptsItem(
  { objectId, generation }: Pick<Plan, 'objectId' | 'generation'>,
  level: number,
  group: number,
): ItemKey {
  return { pk: `receipts#${objectId}#${generation}#${level}#${group}`, sk: 'receipts' };
}

/**
 * All in one partition, by when the message was sent. That never changes, so a message that is rejected twice has one
 * item; when it was rejected does. Rows of earlier versions have the message's id alone as their sort key.
 */
export function rejectionItem({ sentAt, id }: Pick<Rejection, 'sentAt' | 'id'>): ItemKey {
  return { pk: 'rejection', sk: `${sentAt}#${id}` };
}

/** The value of the table's TTL attribute `expiresAt`: seconds since the epoch. */
export function expiresAt(secondsFromNow: number): number {
  return Math.ceil(Date.now() / 1000) + secondsFromNow;
}
