/** Lists in pages. The marker is the position at which the next page begins. */
import * as z from 'zod';
import { kmsError } from './errors.ts';

/** The members of every list request. Default 100 entries. */
export const PAGE: { Limit: z.ZodDefault<z.ZodInt>; Marker: z.ZodOptional<z.ZodString> } = {
  Limit: z.int().min(1).max(1000).default(100),
  Marker: z.string().min(1).max(1024).optional(),
};

/**
 * Returns `{ [member]: entries, Truncated, NextMarker }`.
 * @throws InvalidMarkerException
 */
export function page(
  member: string,
  entries: readonly object[],
  request: { readonly Limit: number; readonly Marker?: string | undefined },
): object {
  const start = request.Marker === undefined ? 0 : Number(request.Marker);
  if (!Number.isInteger(start) || start < 0 || start > entries.length)
    throw kmsError('InvalidMarkerException', 'The marker is invalid.');
  const end = start + request.Limit;
  const truncated = end < entries.length;
  return {
    [member]: entries.slice(start, end),
    Truncated: truncated,
    ...(truncated ? { NextMarker: String(end) } : {}),
  };
}
