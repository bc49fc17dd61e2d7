/** The middleware every function runs in: the invocation's id in every log line, metrics flushed at its end. */
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { deadlineSignal } from './deadline.ts';
import { SealstreamError } from '../errors.ts';
import { loggable, logger, metrics } from './observe.ts';

/** The function as Lambda calls it. */
export type Handler<Event = unknown, Result = unknown> = (event: Event, context: Context) => Promise<Result>;

export function lambda<Event, Result>(
  work: (event: Event, signal: AbortSignal) => Promise<Result>,
): Handler<Event, Result> {
  return middy<Event, Result>()
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .use(logMetrics(metrics))
    .onError((request) => {
      request.error = reported(request.error);
    })
    .handler(async (event, context) => await work(event, deadlineSignal(context)));
}

/** Lambda reports `name` as errorType and drops every other member: there the code goes. No cause leaves the sandbox. */
function reported(error: unknown): Error {
  logger.error('invocation failed', loggable(error));
  const ours = error instanceof SealstreamError;
  const failure = new Error(
    ours ? error.message : 'an unforeseen failure; the log has its name under this request id',
  );
  failure.name = ours ? error.code : 'InternalError';
  return failure;
}
