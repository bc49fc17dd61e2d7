/** The owner of a bucket in documents: a canonical user id of 64 hex digits that stands for an account. */
import { createHash } from 'node:crypto';
import type { XmlContent } from './xml.ts';

export function ownerContent(accountId: string): XmlContent {
  return { ID: createHash('sha256').update(accountId).digest('hex') };
}
