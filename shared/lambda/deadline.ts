/** The deadline of an invocation: work stops in good order before Lambda stops it. */
import type { Context } from 'aws-lambda';
import { StorageUnavailableError } from '../errors.ts';

/** The time that is left to report failures and to change visibilities. */
const MARGIN_MS = 5_000;

/** Returns the one signal of an invocation. It aborts with an outage, so that the queue delivers the work again. */
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
