/** The Encryption SDK's key store, a table of its own: what we do to its rows beside the Encryption SDK. */
import * as z from 'zod';
import type { Table } from './table.ts';

const rowSchema = z.object({ type: z.string() });

/** Deletes a branch key: the active one, its versions, its beacon key. Returns the number of rows. Idempotent. */
export async function shredBranchKey(table: Table, branchKeyId: string): Promise<number> {
  const query = { where: '#id = :id', names: { id: 'branch-key-id' }, values: { id: branchKeyId } };
  let rows = 0;
  for (;;) {
    const found = (await table.page(query)).map((row) => rowSchema.parse(row));
    if (found.length === 0) return rows;
    await table.deleteAll(found.map(({ type }) => ({ 'branch-key-id': branchKeyId, type })));
    rows += found.length;
  }
}
