/** What policies may ask of an event that is put on a bus. */
import type { AccessRequest } from '../iam/authorizer.ts';

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html */
export function eventContext(source: string, detailType: string): NonNullable<AccessRequest['context']> {
  return { 'events:source': source, 'events:detail-type': detailType };
}
