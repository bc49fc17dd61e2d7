/**
 * Bytes at rest. A small body is a row of the index, a large one a file: to make and remove a file costs several times
 * as much as to write some kilobytes into a database that is open already.
 * https://sqlite.org/fasterthanfs.html
 */
import type { DatabaseSync } from 'node:sqlite';
import { type BodyFiles, openBodyFiles } from './body-files.ts';
import { createBodyRows, isBodyRow } from './body-rows.ts';

/** All bodies, however large they are. */
export type Bodies = BodyFiles;

/** The largest body that becomes a row. */
const ROW_BYTES = 64 * 1024;

export async function openBodies(database: DatabaseSync, directory: string): Promise<Bodies> {
  const files = await openBodyFiles(directory);
  const rows = createBodyRows(database);
  return {
    async write(bytes) {
      const rest = bytes[Symbol.asyncIterator]();
      const head: Buffer[] = [];
      let headBytes = 0;
      for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
        head.push(next.value);
        headBytes += next.value.length;
        if (headBytes > ROW_BYTES) return await files.write(joined(head, rest));
      }
      return rows.write(Buffer.concat(head));
    },
    async *read(id, offset, bytes) {
      if (isBodyRow(id)) yield rows.read(id, offset, bytes);
      else yield* files.read(id, offset, bytes);
    },
    async remove(id) {
      if (isBodyRow(id)) rows.remove(id);
      else await files.remove(id);
    },
    async sweep(isReferenced) {
      rows.sweep(isReferenced);
      await files.sweep(isReferenced);
    },
  };
}

/** Yields what was read already, then the rest. */
async function* joined(head: Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* head;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
