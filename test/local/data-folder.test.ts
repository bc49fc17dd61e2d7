import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDataFolder, openTemporaryFolder } from '../../local/data-folder.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'data-folder-test-'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

/** Makes a folder with exactly that mode, whatever the umask of the tests is. */
async function folderOf(mode: number, ...files: string[]): Promise<string> {
  const folder = join(root, 'given');
  await mkdir(folder);
  for (const file of files) await writeFile(join(folder, file), '');
  await chmod(folder, mode);
  return folder;
}

test('makes a folder that no other user may enter', async () => {
  const folder = join(root, 'new', 'data');
  await openDataFolder(folder);
  expect(await modeOf(folder)).toBe(0o700);
});

test.each([0o755, 0o750, 0o701, 0o777])('closes an empty folder of mode %o to others', async (mode) => {
  const folder = await folderOf(mode);
  await openDataFolder(folder);
  expect(await modeOf(folder)).toBe(0o700);
});

test('closes the folder that an earlier local AWS left open', async () => {
  const folder = await folderOf(0o755, 'index.sqlite', 'kms.json');
  await openDataFolder(folder);
  expect(await modeOf(folder)).toBe(0o700);
});

test('refuses a folder that others share, says what to do, and leaves it as it is', async () => {
  const folder = await folderOf(0o755, 'photo.jpg');
  await expect(openDataFolder(folder)).rejects.toThrow(/given is open to other users.*chmod 700/u);
  expect(await modeOf(folder)).toBe(0o755);
});

test('takes a folder of whatever content that is closed already', async () => {
  const folder = await folderOf(0o700, 'photo.jpg');
  await openDataFolder(folder);
  expect(await modeOf(folder)).toBe(0o700);
});

test('removes a temporary folder, closed as well, at the end', async () => {
  await using opened = new AsyncDisposableStack();
  const folder = await openTemporaryFolder(opened);
  expect(await modeOf(folder)).toBe(0o700);
  await opened.disposeAsync();
  await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' });
});
