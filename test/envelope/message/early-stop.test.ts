import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('early-stop-program.ts', import.meta.url));

test('messages that a reader, a signal, a forgery or KMS stops midway leave the process alive', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program]);
  expect(stdout).toBe('alive');
  expect(stderr).toBe('');
});
