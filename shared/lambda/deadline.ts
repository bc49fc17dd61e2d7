/** One AbortSignal per invocation: work stops in good order before Lambda stops it. */
import type { Context } from 'aws-lambda';
import { StorageUnavailableError } from '../errors.ts';

/** What is left to report failures and change visibilities. */
const MARGIN_MS = 5_000;

export function deadlineSignal(context: Pick<Context, 'getRemainingTimeInMillis'>): AbortSignal {
  const controller = new AbortController();
  const timer = setTimeout(
    () => {
      controller.abort(
        new StorageUnavailableError('the function ran out of time; the work goes on at redelivery'),
      );
    },
    Math.max(0, context.getRemainingTimeInMillis() - MARGIN_MS),
  );
  timer.unref();
  return controller.signal;
}
