/**
 * Turns a refusal of the authorizer into the service's error, for services that refuse with AccessDeniedException.
 */
import type { AccessRequest, Authorizer } from './authorizer.ts';
import { accessDeniedMessage } from './evaluate.ts';
import { AwsError } from '../front/service.ts';

/**
 * @throws AccessDeniedException with `status` (SQS: 403, DynamoDB and EventBridge: 400) unless `request` is allowed
 */
export function requireAccess(authorizer: Authorizer, request: AccessRequest, status: 400 | 403): void {
  const decision = authorizer.decide(request);
  if (!decision.allowed)
    throw new AwsError('AccessDeniedException', status, accessDeniedMessage(request, decision));
}
