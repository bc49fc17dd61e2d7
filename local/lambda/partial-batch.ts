/**
 * The messages of a batch that a function has processed (ReportBatchItemFailures). Pure. The rules are AWS's: an
 * absent, null or empty list means that all succeeded; anything malformed means that all failed, so that no message
 * is deleted by mistake.
 */
import * as z from 'zod';
import type { InvocationResult } from './function.ts';

const batchResponse = z
  .object({
    batchItemFailures: z.array(z.object({ itemIdentifier: z.string().min(1) })).nullish(),
  })
  .nullable();

/** Returns the message ids of `batch` to delete. The others come back when their visibility timeout ends. */
export function succeeded(
  batch: readonly string[],
  result: InvocationResult,
  reportBatchItemFailures: boolean,
): readonly string[] {
  if (result.functionError !== undefined) return [];
  if (!reportBatchItemFailures) return batch;
  const parsed = batchResponse.safeParse(responseOf(result.payload));
  if (!parsed.success) return [];
  const failed = new Set(parsed.data?.batchItemFailures?.map(({ itemIdentifier }) => itemIdentifier));
  const known = [...failed].every((id) => batch.includes(id));
  return known ? batch.filter((id) => !failed.has(id)) : [];
}

/** Reads the response. An empty string is an empty response, which means success. */
function responseOf(payload: string): unknown {
  const response: unknown = JSON.parse(payload);
  return response === '' ? null : response;
}
