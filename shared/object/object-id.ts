/** FORMAT rule 3: the id of one stored object. It is derived, so that a redelivered event plans the same object. */
import { createHash } from 'node:crypto';
import * as z from 'zod';

/** An object's id: 64 lowercase hex digits. */
export type ObjectId = string & z.core.$brand<'ObjectId'>;

export const objectIdSchema: z.core.$ZodBranded<z.ZodString, 'ObjectId'> = z
  .string()
  .regex(/^[0-9a-f]{64}$/u, 'is not an object id')
  .brand<'ObjectId'>();

/** Returns the SHA-256 of the JSON array `[bucket, key, versionId]` in UTF-8. JSON keeps the three values apart. */
export function objectIdOf(bucket: string, key: string, versionId: string): ObjectId {
  const digest = createHash('sha256')
    .update(JSON.stringify([bucket, key, versionId]))
    .digest('hex');
  return objectIdSchema.parse(digest);
}
