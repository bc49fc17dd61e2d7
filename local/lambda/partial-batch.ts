/**
 * Which messages of a batch a function has dealt with (ReportBatchItemFailures). Pure. The rules are AWS's: an
 * absent, null or empty list is a complete success; anything malformed is a complete failure, so that a message
 * is never deleted on a misunderstanding.
 */
import * as z from 'zod';
import type { InvocationResult } from './function.ts';

const batchResponse = z
  .object({
    batchItemFailures: z.array(z.object({ itemIdentifier: z.string().min(1) })).nullish(),
  })
  .nullable();

/** The message ids of `batch` to delete; the others come back when their visibility timeout ends. */
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

/** An empty string is an empty response, which is a success. */
function responseOf(payload: string): unknown {
  const response: unknown = JSON.parse(payload);
  return response === '' ? null : response;
}
