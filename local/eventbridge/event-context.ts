/** The condition keys of an event that is put on a bus. */
import type { AccessRequest } from '../iam/authorizer.ts';

/**
 * Returns the keys. Both are lists to IAM, although an event has one value of each.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
 */
export function eventContext(source: string, detailType: string): NonNullable<AccessRequest['context']> {
  return { 'events:source': [source], 'events:detail-type': [detailType] };
}
