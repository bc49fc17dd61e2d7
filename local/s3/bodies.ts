/**
 * Bytes at rest: each body is one file under a random name, never under its key. A body that no segment names is
 * garbage, left by a request that failed or by a killed process; it is swept at the next start.
 */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface Bodies {
  /** Writes a new body and answers its id. Whatever `bytes` throws is rethrown, and nothing is kept. */
  write(bytes: AsyncIterable<Buffer>): Promise<string>;
  /**
   * The `bytes` from `offset` of a body. Each buffer is used again for the next one, so that reading gigabytes
   * allocates one; a writable below its high-water mark has let go of it before the next one is asked for.
   */
  read(id: string, offset: number, bytes: number): AsyncGenerator<Buffer>;
  remove(id: string): Promise<void>;
  /** Removes every body that `isReferenced` does not know. */
  sweep(isReferenced: (id: string) => boolean): Promise<void>;
}

/** Buffers written and read at once: large enough that the file system is not what limits a transfer. */
const BUFFER_BYTES = 1024 * 1024;

export async function openBodies(directory: string): Promise<Bodies> {
  await mkdir(directory, { recursive: true });
  const shards = new Set(await readdir(directory));
  const pathOf = (id: string): string => join(directory, id.slice(0, 2), id);
  const remove = async (id: string): Promise<void> => rm(pathOf(id), { force: true });
  return {
    remove,
    async write(bytes) {
      const id = randomUUID();
      await makeShard(directory, shards, id);
      try {
        await pipeline(bytes, createWriteStream(pathOf(id), { flags: 'wx', highWaterMark: BUFFER_BYTES }));
      } catch (error) {
        await remove(id);
        throw error;
      }
      return id;
    },
    read: (id, offset, bytes) => readFileRange(pathOf(id), offset, bytes),
    async sweep(isReferenced) {
      for (const shard of shards) {
        const ids = await readdir(join(directory, shard));
        await Promise.all(ids.filter((id) => !isReferenced(id)).map(remove));
      }
    },
  };
}

async function* readFileRange(path: string, offset: number, bytes: number): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(BUFFER_BYTES, bytes));
  await using file = await open(path);
  for (let done = 0; done < bytes;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, bytes - done), offset + done);
    if (bytesRead === 0) throw new Error(`A body ends ${bytes - done} bytes early`);
    yield buffer.subarray(0, bytesRead);
    done += bytesRead;
  }
}

/** A directory per first two digits, so that none holds millions of files. */
async function makeShard(directory: string, shards: Set<string>, id: string): Promise<void> {
  const shard = id.slice(0, 2);
  if (shards.has(shard)) return;
  await mkdir(join(directory, shard), { recursive: true });
  shards.add(shard);
}
