/** An account as S3 names it in documents: by a canonical user id of 64 hex digits. */
import { createHash } from 'node:crypto';
import type { XmlContent } from './xml.ts';

export function ownerContent(accountId: string): XmlContent {
  return { ID: createHash('sha256').update(accountId).digest('hex') };
}
