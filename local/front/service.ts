/**
 * The ports that the services of the local AWS share: the caller, the request, the refusal, and the receiver of
 * what a service emits. A service is built from these ports alone, so that it can be tested without the others.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The signer of a request, as the access key id names it: `123456789012`, or `123456789012.role-name` for a role. */
export interface Principal {
  readonly accountId: string;
  /** `arn:aws:iam::123456789012:root`, or `arn:aws:sts::123456789012:assumed-role/role-name/session`. */
  readonly arn: string;
  /** The role that the caller acts as: `arn:aws:iam::123456789012:role/role-name`. Undefined for others. */
  readonly roleArn?: string;
  /** The AWS service that acts for itself: `events.amazonaws.com`. Undefined for others. */
  readonly service?: string;
  /** The session token, which names one Lambda sandbox. Undefined for callers that sent none. */
  readonly session?: string;
}

export interface Caller {
  readonly principal: Principal;
  readonly region: string;
  readonly requestId: string;
  readonly userAgent: string;
  /**
   * Aborts when the caller hangs up, so that a long poll hands no message to nobody. Undefined inside one process.
   */
  readonly signal?: AbortSignal;
}

/** A service whose requests are `X-Amz-Target: Prefix.Operation` with a JSON body (KMS, SQS, DynamoDB, EventBridge). */
export interface JsonService {
  /**
   * Runs an operation.
   * @throws AwsError for every refusal, `NotImplemented` (501) for an operation that it does not know
   */
  call(operation: string, input: Readonly<Record<string, unknown>>, caller: Caller): Promise<object>;
  /** Returns the units that AWS bills for an operation. Absent where it bills the request alone. */
  units?(operation: string, input: Readonly<Record<string, unknown>>): number;
}

/** A service that reads its own HTTP requests (S3, Lambda). */
export interface HttpService {
  /** Returns the API operation that a request names, e.g. `PutObject`. Pure; it reads no byte of the body. */
  operation(request: IncomingMessage, url: URL): string;
  /**
   * Answers the request.
   * @throws AwsError before the head of the response is written; the front turns it into text by `errorBody`
   */
  handle(request: IncomingMessage, response: ServerResponse, url: URL, caller: Caller): Promise<void>;
  /** Returns the body and content type of an error answer (XML for S3, JSON for Lambda). */
  errorBody(
    error: AwsError,
    url: URL,
    caller: Caller,
  ): { readonly contentType: string; readonly body: string };
}

/** A refusal in AWS's words: `code` is the exact error name, `status` the HTTP status. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;
  readonly status: number;
  /** Further members of the error answer, e.g. `{ CancellationReasons: [...] }`. */
  readonly members: Readonly<Record<string, unknown>>;
  constructor(
    code: string,
    status: number,
    message: string,
    members: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.code = code;
    this.status = status;
    this.members = members;
  }
}

/** The one clock of the local AWS, which tests may advance. */
export interface Clock {
  now(): number;
}

/** An AWS service that sends something on behalf of a resource. The receiver's policy has to allow it. */
export interface Sender {
  /** `events.amazonaws.com` */
  readonly service: string;
  /** `arn:aws:events:…:rule/…` */
  readonly sourceArn: string;
  /** The account of the resource. Default: the account in its ARN; the ARN of a bucket names none. */
  readonly sourceAccountId?: string;
}

/**
 * Sends a payload to a queue or a function by ARN, as S3 notifications and EventBridge targets do. It rejects when
 * the payload is not taken. Without a sender the receiver's policy is not asked.
 */
export type Deliver = (targetArn: string, payload: object, sender?: Sender) => Promise<void>;

/** Publishes an AWS-sourced event (`aws.kms`, …) on the default bus of an account and region. */
export type Publish = (event: AwsEvent) => Promise<void>;

export interface AwsEvent {
  readonly source: string;
  readonly 'detail-type': string;
  readonly account: string;
  readonly region: string;
  readonly time: string;
  readonly resources: readonly string[];
  readonly detail: object;
}
