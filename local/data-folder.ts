/**
 * Where everything of the local AWS rests, keys included: a folder that is this user's alone (0700). What is inside
 * needs no mode of its own for that; the process's umask gives it one all the same (main.ts).
 */
import { chmod, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MODE = 0o700;
const OTHERS = 0o077;
/** By what a folder is known as one that an earlier local AWS has made: its index of S3. */
const MARK = 'index.sqlite';

/**
 * Makes the folder. One that others may enter is closed to them where it is empty or a local AWS has made it.
 * Throws for any other: it holds what may be there for others to read.
 */
export async function openDataFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: MODE });
  if (!(await isOpenToOthers(folder))) return;
  const names = await readdir(folder);
  if (names.length > 0 && !names.includes(MARK))
    throw new Error(
      `${folder} is open to other users and holds files that are not the local AWS's. Keys would rest there: ` +
        'choose another folder with --data, or close this one with chmod 700.',
    );
  await chmod(folder, MODE);
}

/** A folder that is removed at the end. */
export async function openTemporaryFolder(opened: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sealstream-'));
  opened.defer(async () => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Never on Windows, where a mode says nothing of who may read. */
async function isOpenToOthers(folder: string): Promise<boolean> {
  return process.platform !== 'win32' && ((await stat(folder)).mode & OTHERS) !== 0;
}
