import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../laptop/demo/main.ts', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealstream-demo-test-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('prints one JSON document that says all is well, for strange files', async () => {
  const files = {
    'empty.bin': '',
    'one byte': 'x',
    'a b+ü%.txt': 'text that must not be found. '.repeat(500),
  };
  const paths = Object.keys(files).map((name) => join(folder, name));
  await Promise.all(Object.entries(files).map(([name, content]) => writeFile(join(folder, name), content)));
  const { stdout } = await run(process.execPath, [MAIN, '--json', ...paths]);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ plaintextFound: false, crossTenantRefused: true, ok: true });
  // One message for each file of each tenant.
  expect(report.kms).toEqual({ GenerateDataKey: 6, Decrypt: 6 });
  expect(report.objects).toHaveLength(6);
  for (const object of report.objects) {
    expect(object).toEqual({
      tenantId: expect.stringMatching(/^(acme|globex)$/u),
      key: expect.any(String),
      bytes: Buffer.byteLength(files[object.key as keyof typeof files]),
      chunks: 0,
      sha256: object.restoredSha256,
      restoredSha256: expect.stringMatching(/^[0-9a-f]{64}$/u),
      sealedSeconds: expect.any(Number),
      restoreSeconds: expect.any(Number),
    });
  }
});

test('exits 1 with one line that says why when a file is missing', async () => {
  const failure = await run(process.execPath, [MAIN, join(folder, 'missing')]).catch(
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ code: 1, stdout: '' });
  expect(failure).toHaveProperty('stderr', expect.stringContaining('missing'));
});
