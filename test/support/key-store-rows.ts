/** The rows of the key store as JSON, with bytes in base64, to send them to a program or keep them in a file. */
import * as z from 'zod';
import { type MemoryKeyStore, memoryKeyStore, type Row } from './memory-key-store.ts';

const rowSchema = z.record(
  z.string(),
  z.union([
    z.strictObject({ S: z.string() }),
    z.strictObject({ N: z.string() }),
    z.strictObject({ B: z.base64().transform((text): Uint8Array => Buffer.from(text, 'base64')) }),
  ]),
);

/** Rows by `{branch key id} {type}`, as in `MemoryKeyStore`. */
export const rowsSchema: z.ZodType<Readonly<Record<string, Row>>> = z.record(z.string(), rowSchema);

export function keyStoreOf(rows: Readonly<Record<string, Row>>): MemoryKeyStore {
  const store = memoryKeyStore();
  for (const [name, row] of Object.entries(rows)) store.rows.set(name, row);
  return store;
}

export function rowsInJson({ rows }: MemoryKeyStore): object {
  return Object.fromEntries([...rows].map(([name, row]) => [name, inJson(row)]));
}

function inJson(row: Row): object {
  const attributes = Object.entries(row).map(([name, value]) => [
    name,
    value.B === undefined ? value : { B: Buffer.from(value.B).toString('base64') },
  ]);
  return Object.fromEntries(attributes);
}
