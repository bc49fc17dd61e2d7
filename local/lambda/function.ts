/** A Lambda function as its configuration describes it: its code, its role and its limits. */

export interface LambdaFunction {
  readonly name: string;
  /** `arn:aws:lambda:{region}:{account}:function:{name}`, unqualified. */
  readonly arn: string;
  /** `arn:aws:iam::{account}:role/{role-name}`. */
  readonly roleArn: string;
  /** `path/to/module.export`, relative to `codeFolder`. */
  readonly handler: string;
  /** The unpacked deployment package (LAMBDA_TASK_ROOT). */
  readonly codeFolder: string;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly asyncInvoke: AsyncInvokeConfig;
}

/** The rules for asynchronous invocations (AWS::Lambda::EventInvokeConfig, DeadLetterConfig). */
export interface AsyncInvokeConfig {
  /** 0 to 2. Default 2. */
  readonly maximumRetryAttempts: number;
  /** 60 to 21,600. Default 21,600 (6 hours). */
  readonly maximumEventAgeSeconds: number;
  /** ARN of an SQS queue that gets the invocation record of every event that failed for good. */
  readonly onFailureArn?: string;
  /** ARN of an SQS queue that gets the invocation record of every event that succeeded. */
  readonly onSuccessArn?: string;
  /** ARN of an SQS queue that gets the bare event (DeadLetterConfig). */
  readonly deadLetterArn?: string;
}

export interface Invocation {
  readonly requestId: string;
  /** The event as JSON text. */
  readonly event: string;
}

/** The result of an invocation. The failure of a function is a result too, never a rejection. */
export interface InvocationResult {
  /** The response or, with `functionError`, the error document; JSON text. */
  readonly payload: string;
  readonly functionError?: 'Unhandled';
}

/** AWS's defaults for functions without an EventInvokeConfig. */
export const DEFAULT_ASYNC_INVOKE: AsyncInvokeConfig = {
  maximumRetryAttempts: 2,
  maximumEventAgeSeconds: 21_600,
};

/** Returns the error document that Lambda answers for a sandbox that cannot answer (timeout, death, failed start). */
export function failure(
  errorType: string,
  errorMessage: string,
  trace?: readonly string[],
): InvocationResult {
  return { payload: JSON.stringify({ errorType, errorMessage, trace }), functionError: 'Unhandled' };
}

/** Returns the access key id of a function's role: `{account}.{role-name}`. */
export function accessKeyIdOf(roleArn: string): string {
  const [, , , , accountId, resource] = roleArn.split(':');
  return `${accountId}.${resource?.split('/').at(-1)}`;
}

export function accountOf(arn: string): string {
  return arn.split(':')[4] ?? '';
}

export function regionOf(arn: string): string {
  return arn.split(':')[3] ?? '';
}
