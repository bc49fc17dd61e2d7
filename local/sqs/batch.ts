/** Batches: the rules that make one invalid as a whole, and the outcome of each entry. */
import { AwsError } from '../front/service.ts';
import { MAX_MESSAGE_BYTES } from './message.ts';

interface Entry {
  readonly Id: string;
}

/**
 * Runs each entry. An AwsError fails that entry alone.
 * @throws AwsError when the batch itself is refused
 */
export function runBatch<E extends Entry>(entries: readonly E[], run: (entry: E) => object): object {
  checkEntries(entries);
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry.Id, ...run(entry) });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push(toFailed(entry, error));
    }
  }
  return { Successful, Failed };
}

/** @throws BatchRequestTooLong above 1 MiB, the limit of all messages of a batch together */
export function checkBatchBytes(totalBytes: number): void {
  if (totalBytes <= MAX_MESSAGE_BYTES) return;
  const message = `Batch requests cannot be longer than ${MAX_MESSAGE_BYTES} bytes. You have sent ${totalBytes} bytes.`;
  throw new AwsError('BatchRequestTooLong', 400, message);
}

function checkEntries(entries: readonly Entry[]): void {
  const ids = entries.map(({ Id }) => Id);
  if (ids.length === 0)
    throw new AwsError('EmptyBatchRequest', 400, 'There should be at least one entry in the request.');
  if (ids.length > 10)
    throw new AwsError(
      'TooManyEntriesInBatchRequest',
      400,
      `Maximum number of entries per request are 10. You have sent ${ids.length}.`,
    );
  if (new Set(ids).size < ids.length)
    throw new AwsError('BatchEntryIdsNotDistinct', 400, 'Two or more entries have the same Id.');
  if (!ids.every((id) => /^[\w-]{1,80}$/.test(id)))
    throw new AwsError('InvalidBatchEntryId', 400, 'A batch entry id can only contain [A-Za-z0-9_-]{1,80}.');
}

function toFailed(entry: Entry, error: AwsError): object {
  const Code = error.code.replace(/Exception$/, '');
  return { Id: entry.Id, SenderFault: error.status < 500, Code, Message: error.message };
}
