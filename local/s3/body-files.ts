/**
 * The large bodies at rest: each is one file under a random name, not under its key. A body that no segment names was
 * left by a failed request or a killed process; the next start removes it.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface BodyFiles {
  /** Writes a new body and returns its id. It rethrows whatever `bytes` throws, and keeps nothing then. */
  write(bytes: AsyncIterable<Buffer>): Promise<string>;
  /**
   * Yields the `bytes` from `offset` of a body. The buffer of each piece is used again for the next, so that
   * reading gigabytes allocates one buffer. A writable below its high-water mark has released it before it asks for
   * the next one.
   */
  read(id: string, offset: number, bytes: number): AsyncGenerator<Buffer>;
  remove(id: string): Promise<void>;
  /** Removes every body for which `isReferenced` is false. */
  sweep(isReferenced: (id: string) => boolean): Promise<void>;
}

/** The size of a buffer. It is so large that the file system does not limit a transfer. */
const BUFFER_BYTES = 1024 * 1024;

export async function openBodyFiles(directory: string): Promise<BodyFiles> {
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
        await writeFile(pathOf(id), bytes);
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

async function writeFile(path: string, bytes: AsyncIterable<Buffer>): Promise<void> {
  await using file = await open(path, 'wx');
  let pieces: Buffer[] = [];
  let held = 0;
  const flush = async (): Promise<void> => {
    const { bytesWritten } = await file.writev(pieces);
    if (bytesWritten !== held) throw new Error(`The disk took ${bytesWritten} of ${held} bytes of a body`);
    pieces.forEach(release);
    pieces = [];
    held = 0;
  };
  for await (const piece of bytes) {
    pieces.push(piece);
    held += piece.length;
    if (held >= BUFFER_BYTES) await flush();
  }
  if (held > 0) await flush();
}

/**
 * Gives the memory of a buffer back at once, if nothing else shares it. The garbage collector would go through the whole
 * heap for every 64 MiB of such buffers, which costs as much as their digests.
 */
function release({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
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

/** Makes a directory per first two digits, so that none holds millions of files. */
async function makeShard(directory: string, shards: Set<string>, id: string): Promise<void> {
  const shard = id.slice(0, 2);
  if (shards.has(shard)) return;
  await mkdir(join(directory, shard), { recursive: true });
  shards.add(shard);
}
