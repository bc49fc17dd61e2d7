/** Who may invoke a function: its resource policy and the caller's own. */
import type { AccessRequest, Authorizer } from '../iam/authorizer.ts';
import { accessDeniedMessage } from '../iam/evaluate.ts';
import { AwsError } from '../front/service.ts';
import type { DeployedFunction } from './deployed-function.ts';
import { accountOf } from './function.ts';

/** Throws AccessDeniedException (403). A function that is not there has no policy. */
export function requireInvoke(
  authorizer: Authorizer,
  who: Pick<AccessRequest, 'principal' | 'context'>,
  functionArn: string,
  deployed: Pick<DeployedFunction, 'permissions'> | undefined,
): void {
  const access: AccessRequest = {
    ...who,
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
