/** The access check of an invocation, by the function's resource policy and the caller's own policies. */
import type { AccessRequest, Authorizer } from '../iam/authorizer.ts';
import { accessDeniedMessage } from '../iam/evaluate.ts';
import { AwsError } from '../front/service.ts';
import type { DeployedFunction } from './deployed-function.ts';
import { accountOf } from './function.ts';

export interface InvokeRequest extends Pick<AccessRequest, 'principal' | 'context'> {
  readonly functionArn: string;
}

/**
 * Asks the caller's policies and the function's own. A function that does not exist has no policy.
 * @throws AccessDeniedException (403) unless they allow the invocation
 */
export function requireInvoke(
  authorizer: Authorizer,
  { functionArn, ...caller }: InvokeRequest,
  deployed: Pick<DeployedFunction, 'permissions'> | undefined,
): void {
  const access: AccessRequest = {
    ...caller,
    action: 'lambda:InvokeFunction',
    resource: functionArn,
    resourceAccountId: accountOf(functionArn),
    ...(deployed?.permissions.length && {
      resourcePolicy: { Version: '2012-10-17', Statement: deployed.permissions },
    }),
  };
  const decision = authorizer.decide(access);
  if (!decision.allowed)
    throw new AwsError('AccessDeniedException', 403, accessDeniedMessage(access, decision));
}
