/** FORMAT rules 1, 2 and 4: the names under which ciphertext rests in the vault. */
import { createHash } from 'node:crypto';
import type { TenantId } from '../tenant/tenant-id.ts';
import type { ObjectId } from './object-id.ts';

/** The longest key that S3 allows. */
const MAX_KEY_BYTES = 1024;
const INDEX_DIGITS = 10;

/** Returns `{tenantId}/chunks/{objectId}/`. */
export function chunkPrefix(tenantId: TenantId, objectId: ObjectId): string {
  return `${tenantId}/chunks/${objectId}/`;
}

/** Returns `{tenantId}/chunks/{objectId}/{index, 10 digits}`. */
export function chunkKey(tenantId: TenantId, objectId: ObjectId, index: number): string {
  return chunkPrefix(tenantId, objectId) + index.toString().padStart(INDEX_DIGITS, '0');
}

/** Returns `{tenantId}/superseded/{objectId}`: the place of an upload that a newer one overtook (FORMAT rule 32). */
export function supersededKey(tenantId: TenantId, objectId: ObjectId): string {
  return `${tenantId}/superseded/${objectId}`;
}

/**
 * Returns the place of an object's entry: `{tenantId}/objects/{key}`, or `{tenantId}/long-keys/{SHA-256 of key}` when
 * S3 would refuse the former as too long. The sealed part holds the key itself either way.
 */
export function entryKey(tenantId: TenantId, key: string): string {
  const plain = `${tenantId}/objects/${key}`;
  if (Buffer.byteLength(plain) <= MAX_KEY_BYTES) return plain;
  return `${tenantId}/long-keys/${createHash('sha256').update(key).digest('hex')}`;
}
