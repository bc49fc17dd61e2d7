/** What Lambda tells a destination or a dead-letter queue about an asynchronous invocation. Pure. */
import type { MessageAttributeValue } from '@aws-sdk/client-sqs';
import type { Invocation, InvocationResult, LambdaFunction } from './function.ts';

export interface AsyncOutcome {
  readonly invocation: Invocation;
  readonly condition: 'Success' | 'RetriesExhausted' | 'EventAgeExceeded';
  readonly invokeCount: number;
  /** The last attempt's. */
  readonly result: InvocationResult;
}

/** The invocation record, version 1.0 (Lambda developer guide, "Retaining records of asynchronous invocations"). */
export function invocationRecord(fn: LambdaFunction, outcome: AsyncOutcome): object {
  const { invocation, condition, invokeCount, result } = outcome;
  return {
    version: '1.0',
    timestamp: new Date().toISOString(),
    requestContext: {
      requestId: invocation.requestId,
      functionArn: `${fn.arn}:$LATEST`,
      condition,
      approximateInvokeCount: invokeCount,
    },
    requestPayload: JSON.parse(invocation.event),
    responseContext: {
      statusCode: 200,
      executedVersion: '$LATEST',
      ...(result.functionError && { functionError: result.functionError }),
    },
    responsePayload: JSON.parse(result.payload),
  };
}

export interface DeadLetter {
  readonly body: string;
  readonly attributes: Readonly<Record<string, MessageAttributeValue>>;
}

/** A dead-letter queue gets the bare event; what went wrong travels in attributes. */
export function deadLetter({ invocation, result }: AsyncOutcome): DeadLetter {
  const { errorMessage }: { errorMessage?: string } = JSON.parse(result.payload);
  return {
    body: invocation.event,
    attributes: {
      RequestID: { DataType: 'String', StringValue: invocation.requestId },
      ErrorCode: { DataType: 'Number', StringValue: '200' },
      // An attribute may not be empty.
      ...(errorMessage && {
        ErrorMessage: { DataType: 'String', StringValue: errorMessage.slice(0, 1024) },
      }),
    },
  };
}
