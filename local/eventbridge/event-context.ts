/** What policies may ask of an event that is put on a bus. */
import type { AccessRequest } from '../iam/authorizer.ts';

/**
 * Both are lists to IAM, though an event has one of each.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
 */
export function eventContext(source: string, detailType: string): NonNullable<AccessRequest['context']> {
  return { 'events:source': [source], 'events:detail-type': [detailType] };
}
