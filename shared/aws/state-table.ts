/** The state table's keys and lifetimes. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { ObjectId } from '../chunk/object-id.ts';
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

export function planItem(objectId: ObjectId): ItemKey {
  return { pk: `object#${objectId}`, sk: 'plan' };
}

/** A partition of its own per group, so that no object's receipts wait for one partition's write capacity. */
export function receiptsItem(objectId: ObjectId, group: number): ItemKey {
  return { pk: `receipts#${objectId}#${group}`, sk: 'receipts' };
}

/** All in one partition: an operator lists them with one Query. */
export function rejectionItem(id: string): ItemKey {
  return { pk: 'rejection', sk: id };
}

/** The value of the table's TTL attribute `expiresAt`: seconds since the epoch. */
export function expiresAt(secondsFromNow: number): number {
  return Math.ceil(Date.now() / 1000) + secondsFromNow;
}
