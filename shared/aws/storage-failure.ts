/** Turns what an SDK client throws into our errors. */
import { SealstreamError, StorageUnavailableError } from '../errors.ts';

/**
 * Runs one call. Whatever it throws is an outage of storage, unless it is ours already.
 * @throws StorageUnavailableError naming the operation and the exception
 */
export async function storing<T>(operation: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof SealstreamError) throw cause;
    throw new StorageUnavailableError(`${operation} answered ${exceptionName(cause)}`, { cause });
  }
}

export function exceptionName(cause: unknown): string {
  return cause instanceof Error ? cause.name : 'unknown failure';
}

/** The HTTP status of an SDK exception; undefined when there was no answer. */
export function httpStatus(cause: unknown): number | undefined {
  if (!(cause instanceof Error) || !('$metadata' in cause)) return undefined;
  const metadata = cause.$metadata as { readonly httpStatusCode?: number };
  return metadata.httpStatusCode;
}
