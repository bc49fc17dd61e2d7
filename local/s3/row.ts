/** How the index's rows are read: every column is checked when it comes in, and means its type from there on. */
import * as z from 'zod';

/** A column of JSON text. */
export function jsonColumn<T>(schema: z.ZodType<T>): z.ZodType<T> {
  return z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(schema);
}

/** A key, kept as the bytes of its UTF-8. */
export const keyColumn: z.ZodType<string> = z
  .instanceof(Uint8Array)
  .transform((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());

/** A flag, kept as 0 or 1. */
export const flagColumn: z.ZodType<boolean> = z.int().transform((flag) => flag === 1);
