/** Reads what an event says of a key. */
import * as z from 'zod';
import type { AwsEvent } from '../../../local/front/service.ts';

/** Returns the key that an event is about, as CloudTrail or KMS itself names it. */
export function keyArnOf({ detail, resources: [own = ''] }: AwsEvent): string {
  const named = z.object({ resources: z.array(z.object({ ARN: z.string() })) }).safeParse(detail).data;
  return named?.resources[0]?.ARN ?? own;
}

/** True when a call that succeeded, or KMS by itself, took the key down. */
export function isDisabling({ detail, 'detail-type': type }: AwsEvent): boolean {
  const name = 'eventName' in detail ? detail.eventName : type;
  return DISABLING.has(String(name)) && !('errorCode' in detail);
}

const DISABLING: ReadonlySet<string> = new Set([
  'DisableKey',
  'ScheduleKeyDeletion',
  'DeleteImportedKeyMaterial',
  'DeleteKey',
  'DeleteExpiredKeyMaterial',
  'KMS Imported Key Material Expiration',
  'KMS CMK Deletion',
]);
