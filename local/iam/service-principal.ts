/** An AWS service as the caller of another one. */
import type { Principal, Sender } from '../front/service.ts';
import type { AccessRequest } from './authorizer.ts';

/**
 * Returns the principal and the condition keys of a service that sends for a resource.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
 */
export function senderRequest({
  service,
  sourceArn,
  sourceAccountId: accountId = sourceArn.split(':')[4] ?? '',
}: Sender): Required<Pick<AccessRequest, 'principal' | 'context'>> {
  const principal: Principal = { accountId, arn: service, service };
  return { principal, context: { 'aws:SourceArn': sourceArn, 'aws:SourceAccount': accountId } };
}
