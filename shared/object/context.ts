/**
 * FORMAT rules 10 to 12, 20 and 30: the encryption context of every message. All of it is authenticated, none of it is
 * secret: KMS logs it in clear in the tenant's CloudTrail.
 */
import { ContextMismatchError } from '../errors.ts';
import type { ObjectId } from './object-id.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

export const FORMAT = 'sealstream/1';

/** The format of an object that rests as one message (FORMAT rule 30). Readers of `sealstream/1` do not know it. */
export const INLINE_FORMAT = 'sealstream/2';

export type EncryptionContext = Readonly<Record<string, string>>;

export interface ChunkName {
  readonly tenantId: TenantId;
  readonly objectId: ObjectId;
  readonly chunkCount: number;
}

/** Returns the context of chunk `chunkIndex` of an object. */
export function chunkContext(
  { tenantId, objectId, chunkCount }: ChunkName,
  chunkIndex: number,
): EncryptionContext {
  return {
    'tenant-id': tenantId,
    'object-id': objectId,
    'chunk-index': String(chunkIndex),
    'chunk-count': String(chunkCount),
    format: FORMAT,
  };
}

/** Returns the context of the sealed part of an object's manifest. */
export function manifestContext(tenantId: TenantId, objectId: ObjectId): EncryptionContext {
  return { 'tenant-id': tenantId, 'object-id': objectId, purpose: 'manifest', format: FORMAT };
}

/** Returns the context of an object that rests as one message. */
export function inlineContext(tenantId: TenantId, objectId: ObjectId): EncryptionContext {
  return { 'tenant-id': tenantId, 'object-id': objectId, purpose: 'inline', format: INLINE_FORMAT };
}

/**
 * Returns the context of every message whose DEK serves other messages too. It says only what is common to all of a
 * tenant's messages.
 */
export function sharedContext(tenantId: TenantId): EncryptionContext {
  return { 'tenant-id': tenantId, purpose: 'shared', format: FORMAT };
}

/** Returns the one text of a context, whatever the order of its pairs. */
export function canonical(context: EncryptionContext): string {
  return JSON.stringify(context, Object.keys(context).toSorted());
}

export function isSame(one: EncryptionContext, other: EncryptionContext): boolean {
  return canonical(one) === canonical(other);
}

/**
 * Requires that both contexts hold the same pairs, no more and no fewer.
 * @throws ContextMismatchError that names the first pair that differs; a context is no secret
 */
export function requireContext(actual: EncryptionContext, expected: EncryptionContext): void {
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  for (const name of names) {
    if (actual[name] !== expected[name]) {
      throw new ContextMismatchError(
        `encryption context: ${name} is ${actual[name] ?? 'absent'}, expected ${expected[name] ?? 'none'}`,
      );
    }
  }
}
