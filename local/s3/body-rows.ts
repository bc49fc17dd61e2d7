/** The small bodies at rest, each one row of the index. */
import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';

export interface BodyRows {
  write(content: Buffer): string;
  /** Returns the `bytes` from `offset` of a body. */
  read(id: string, offset: number, bytes: number): Buffer;
  remove(id: string): void;
  /** Removes every body for which `isReferenced` is false. */
  sweep(isReferenced: (id: string) => boolean): void;
}

/** The beginning of the id of every body that is a row. No file of a body has such a name. */
const PREFIX = 'row-';

const idRow = z.object({ id: z.int() });
const contentRow = z.object({ content: z.instanceof(Uint8Array) });

export function isBodyRow(id: string): boolean {
  return id.startsWith(PREFIX);
}

export function createBodyRows(database: DatabaseSync): BodyRows {
  const add = database.prepare('INSERT INTO bodies (content) VALUES (?) RETURNING id');
  const part = database.prepare('SELECT substr(content, ? + 1, ?) AS content FROM bodies WHERE id = ?');
  const remove = database.prepare('DELETE FROM bodies WHERE id = ?');
  const all = database.prepare('SELECT id FROM bodies');
  return {
    write: (content) => PREFIX + idRow.parse(add.get(content)).id,
    read(id, offset, bytes) {
      const { content } = contentRow.parse(part.get(offset, bytes, numberOf(id)));
      return Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    },
    remove: (id) => void remove.run(numberOf(id)),
    sweep(isReferenced) {
      const ids = all.all().map((row) => idRow.parse(row).id);
      for (const id of ids) if (!isReferenced(PREFIX + id)) remove.run(id);
    },
  };
}

function numberOf(id: string): number {
  return Number(id.slice(PREFIX.length));
}
