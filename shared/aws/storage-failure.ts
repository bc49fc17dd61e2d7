/** Turns what an SDK client throws into our errors. */
import { S3ServiceException } from '@aws-sdk/client-s3';
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

/** The HTTP status S3 answered; undefined when there was no answer. */
export function httpStatus(cause: unknown): number | undefined {
  return cause instanceof S3ServiceException ? cause.$metadata.httpStatusCode : undefined;
}
