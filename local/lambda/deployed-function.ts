/** One deployed function, with its sandboxes, its asynchronous invocations and its policy. */
import type { PolicyStatement } from '../iam/authorizer.ts';
import type { AsyncInvoker } from './async-invoke.ts';
import type { SandboxPool } from './pool.ts';

export interface DeployedFunction {
  readonly pool: SandboxPool;
  readonly asyncInvoker: AsyncInvoker;
  /** The function's resource policy (AddPermission). */
  readonly permissions: readonly PolicyStatement[];
}
