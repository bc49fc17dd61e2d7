/** Who may invoke a function: its resource policy and the caller's own. */
import type { AccessRequest, Authorizer } from '../iam/authorizer.ts';
import { accessDeniedMessage } from '../iam/evaluate.ts';
import { AwsError } from '../front/service.ts';
import type { DeployedFunction } from './deployed-function.ts';
import { accountOf } from './function.ts';

export interface InvokeRequest extends Pick<AccessRequest, 'principal' | 'context'> {
  readonly functionArn: string;
}

/**
 * Asks the caller's policies and the function's own; a function that is not there has none.
 * @throws AccessDeniedException (403) unless they allow the invocation.
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
