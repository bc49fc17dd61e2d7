/**
 * What the services of the local AWS share: who calls, how a service is asked, how it says no, where it sends
 * what it emits. Every service is built from these ports, so that one can be tested without the others.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Who signed a request. The access key id says it: `123456789012`, or `123456789012.role-name` for a role. */
export interface Principal {
  readonly accountId: string;
  /** `arn:aws:iam::123456789012:root`, or `arn:aws:sts::123456789012:assumed-role/role-name/session`. */
  readonly arn: string;
  /** Set when the caller acts as a role: `arn:aws:iam::123456789012:role/role-name`. */
  readonly roleArn?: string;
  /** Set when an AWS service acts for itself: `events.amazonaws.com`. */
  readonly service?: string;
  /** The session token, which names one Lambda sandbox; unset for callers that sent none. */
  readonly session?: string;
}

export interface Caller {
  readonly principal: Principal;
  readonly region: string;
  readonly requestId: string;
  readonly userAgent: string;
  /** Aborts when the caller hangs up, so that a long poll does not hand messages to nobody. Unset inside one process. */
  readonly signal?: AbortSignal;
}

/** A service whose requests are `X-Amz-Target: Prefix.Operation` with a JSON body (KMS, SQS, DynamoDB, EventBridge). */
export interface JsonService {
  /** Throws AwsError for every refusal, `NotImplemented` (501) for operations it does not know. */
  call(operation: string, input: Readonly<Record<string, unknown>>, caller: Caller): Promise<object>;
}

/** A service that reads its own HTTP requests (S3, Lambda). */
export interface HttpService {
  /** The API operation a request names, e.g. `PutObject`; pure, before any body byte is read. */
  operation(request: IncomingMessage, url: URL): string;
  /** Answers the request. Throws AwsError before the response's head is written; the front serialises it by `errorBody`. */
  handle(request: IncomingMessage, response: ServerResponse, url: URL, caller: Caller): Promise<void>;
  /** The body and content type of an error answer (XML for S3, JSON for Lambda). */
  errorBody(
    error: AwsError,
    url: URL,
    caller: Caller,
  ): { readonly contentType: string; readonly body: string };
}

/** A refusal as AWS words it: `code` is the exact error name, `status` the HTTP status. */
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

/** Milliseconds since the epoch; the local AWS has one clock, and tests may advance it. */
export interface Clock {
  now(): number;
}

/** An AWS service that hands something on for a resource: whom the policy of the receiver has to allow. */
export interface Sender {
  /** `events.amazonaws.com` */
  readonly service: string;
  /** `arn:aws:events:…:rule/…` */
  readonly sourceArn: string;
  /** Whose the resource is. Default the account in its ARN; that of a bucket names none. */
  readonly sourceAccountId?: string;
}

/**
 * Hands a payload to a queue or a function by ARN, as S3 notifications and EventBridge targets do. Rejects where it is
 * not taken. Without a sender the receiver's policy is not asked.
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
