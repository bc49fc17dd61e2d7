/** The environment of a sandbox: Lambda's variables and the function's own. Of the parent's it has only PATH. */
import { COMPILE_CACHE } from './compile-cache.ts';
import { accessKeyIdOf, type LambdaFunction, regionOf } from './function.ts';

/** Variables that Lambda sets itself and refuses in a function's configuration. */
const RESERVED: ReadonlySet<string> = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_DEFAULT_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_RUNTIME_API',
  'AWS_REGION',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
]);

/** Returns the names in `variables` that CreateFunction would refuse. */
export function reservedNames(variables: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(variables).filter((name) => RESERVED.has(name));
}

/**
 * Returns the variables. The credentials name the function's role (access key id) and this one sandbox (session
 * token), by which the local AWS knows the caller. The secret is a constant, which S3 verifies on demand.
 */
export function sandboxEnvironment(
  fn: LambdaFunction,
  session: string,
  endpoint: string,
): Record<string, string> {
  return {
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    AWS_ENDPOINT_URL: endpoint,
    ...fn.environment,
    PATH: process.env['PATH'] ?? '',
    // The runtime hides it from the function. A sandbox need not compile what another one has compiled.
    NODE_COMPILE_CACHE: COMPILE_CACHE,
    ...identity(fn, session),
    _HANDLER: fn.handler,
    LAMBDA_TASK_ROOT: fn.codeFolder,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: fn.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(fn.memoryMegabytes),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${fn.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${session.replaceAll('-', '')}`,
  };
}

function identity(fn: LambdaFunction, session: string): Record<string, string> {
  return {
    AWS_REGION: regionOf(fn.arn),
    AWS_DEFAULT_REGION: regionOf(fn.arn),
    AWS_ACCESS_KEY_ID: accessKeyIdOf(fn.roleArn),
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SESSION_TOKEN: session,
  };
}
