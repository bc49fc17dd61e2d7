/**
 * The data folder, in which the local AWS keeps everything, keys included. Only its owner may enter it (0700). The
 * files inside need no mode of their own for that, but the umask of the process gives them one as well (main.ts).
 */
import { chmod, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MODE = 0o700;
const OTHERS = 0o077;
/** The index of S3: a folder that holds it was made by an earlier local AWS. */
const MARK = 'index.sqlite';

/**
 * Makes the folder. If others may enter it, this closes it to them, provided that it is empty or a local AWS made
 * it.
 * @throws Error for any other folder open to others: its files may be there for others to read.
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

/** Makes a temporary folder that is removed when `opened` is disposed of. */
export async function openTemporaryFolder(opened: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sealstream-'));
  opened.defer(async () => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** True when other users may enter. On Windows always false: a mode there says nothing about who may read. */
async function isOpenToOthers(folder: string): Promise<boolean> {
  return process.platform !== 'win32' && ((await stat(folder)).mode & OTHERS) !== 0;
}
