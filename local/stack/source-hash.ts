/** A hash of files and folders, which stays equal as long as nothing in them changes. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Hashes paths and contents of `names` under `folder`, and the strings in `extra`. A missing name counts as empty.
 */
export async function sourceHash(
  folder: string,
  names: readonly string[],
  extra: readonly string[] = [],
): Promise<string> {
  const hash = createHash('sha256');
  for (const part of extra) hash.update(`${part}\0`);
  for (const name of names)
    for (const file of await filesOf(path.join(folder, name))) {
      const content = await readFile(file);
      hash.update(`${path.relative(folder, file)}\0${content.length}\0`).update(content);
    }
  return hash.digest('hex').slice(0, 32);
}

async function filesOf(file: string): Promise<string[]> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isDirectory()) return found ? [file] : [];
  const entries = await readdir(file, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}
