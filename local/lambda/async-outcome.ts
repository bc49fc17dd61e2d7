/** The message that Lambda sends to a destination or a dead-letter queue about an asynchronous invocation. Pure. */
import type { MessageAttributeValue } from '@aws-sdk/client-sqs';
import type { Invocation, InvocationResult, LambdaFunction } from './function.ts';

export interface AsyncOutcome {
  readonly invocation: Invocation;
  readonly condition: 'Success' | 'RetriesExhausted' | 'EventAgeExceeded';
  readonly invokeCount: number;
  /** The result of the last attempt. */
  readonly result: InvocationResult;
}

/**
 * Returns the invocation record, version 1.0 (Lambda developer guide, "Retaining records of asynchronous
 * invocations").
 */
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

/** Returns the message for a dead-letter queue: the bare event, with the error in attributes. */
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
