/** The columns of the index's rows. Each is checked when it is read, and has its type from there on. */
import * as z from 'zod';

/** Returns the schema of a column of JSON text. */
export function jsonColumn<T>(schema: z.ZodType<T>): z.ZodType<T> {
  return z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(schema);
}

/** A column with a key, stored as the bytes of its UTF-8. */
export const keyColumn: z.ZodType<string> = z
  .instanceof(Uint8Array)
  .transform((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());

/** A column with a flag, stored as 0 or 1. */
export const flagColumn: z.ZodType<boolean> = z.int().transform((flag) => flag === 1);
