/**
 * The middleware around every function: each log line has the invocation's id, and the metrics are flushed at its end.
 */
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { deadlineSignal } from './deadline.ts';
import { SealstreamError } from '../errors.ts';
import { loggablePartOf, logger, metrics } from './observe.ts';

/** A function as Lambda calls it. */
export type Handler<Event = unknown, Result = unknown> = (event: Event, context: Context) => Promise<Result>;

/** Makes a handler of the work of one invocation. */
export function createHandler<Event, Result>(
  work: (event: Event, signal: AbortSignal) => Promise<Result>,
): Handler<Event, Result> {
  return middy<Event, Result>()
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .use(logMetrics(metrics))
    .onError((request) => {
      request.error = reportable(request.error);
    })
    .handler(async (event, context) => await work(event, deadlineSignal(context)));
}

/**
 * Returns the error that the caller of the function sees. Lambda reports the name as errorType and drops every other
 * member, so the name is the code. No cause leaves the sandbox.
 */
function reportable(error: unknown): Error {
  logger.error('invocation failed', loggablePartOf(error));
  const ours = error instanceof SealstreamError;
  const failure = new Error(
    ours ? error.message : 'an unforeseen failure; the log has its name under this request id',
  );
  failure.name = ours ? error.code : 'InternalError';
  return failure;
}
