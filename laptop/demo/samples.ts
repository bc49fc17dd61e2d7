/** The files a demo uploads, and the needles by which their plaintext would be found in the vault. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface Sample {
  readonly path: string;
  /** The object's key below the tenant's prefix. */
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Pieces of the file, long enough never to occur by chance. */
  readonly needles: readonly Buffer[];
}

const NEEDLE_BYTES = 24;
const NEEDLES = 6;
const MIB = 1_048_576;

/** The given files; by default three that every checkout has and one of 256 MiB, made in `folder`. */
export async function samples(files: readonly string[], folder: string): Promise<readonly Sample[]> {
  const paths =
    files.length > 0 ? files : ['README.md', 'LICENSE', 'package-lock.json', await bigFile(folder)];
  const twice = paths.find(
    (path, index) => paths.findIndex((other) => basename(other) === basename(path)) < index,
  );
  if (twice !== undefined)
    throw new Error(`two files are called ${basename(twice)}; a tenant's keys are by file name`);
  return await Promise.all(paths.map(sampleOf));
}

async function sampleOf(path: string): Promise<Sample> {
  const { size } = await stat(path);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: MIB }), hash);
  return {
    path,
    key: basename(path),
    bytes: size,
    sha256: hash.digest('hex'),
    needles: await needlesOf(path, size),
  };
}

async function bigFile(folder: string): Promise<string> {
  const path = join(folder, 'big file (256 MiB) + ü.bin');
  const mebibyte = randomBytes(MIB);
  await writeFile(
    path,
    (function* blocks() {
      for (let block = 0; block < 256; block += 1) {
        mebibyte.writeUInt32BE(block);
        yield mebibyte;
      }
    })(),
  );
  return path;
}

/** Evenly spread, the first and the last bytes among them. A file too short for one has none. */
async function needlesOf(path: string, size: number): Promise<readonly Buffer[]> {
  if (size < NEEDLE_BYTES) return [];
  await using file = await open(path);
  const last = size - NEEDLE_BYTES;
  const positions = Array.from({ length: NEEDLES }, (_, index) => Math.floor((last * index) / (NEEDLES - 1)));
  return await Promise.all(
    [...new Set(positions)].map(async (position) => {
      const needle = Buffer.alloc(NEEDLE_BYTES);
      await file.read(needle, 0, NEEDLE_BYTES, position);
      return needle;
    }),
  );
}
