import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../laptop/drill/main.ts', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealstream-drill-test-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('prints one JSON document, draws a page, and leaves nothing else behind', async () => {
  const out = join(folder, 'drill.html');
  // With lost events, the promise depends on the age of the keys, and not on how busy the machine is.
  const load = ['--sandboxes', '2', '--seconds', '3', '--max-key-age-seconds', '1', '--lose-events'];
  const args = ['--json', ...load, '--out', out];
  const { stdout } = await run(process.execPath, [MAIN, ...args], {
    env: { ...process.env, TMPDIR: folder },
  });
  const report = JSON.parse(stdout);
  expect(report).toEqual({
    lastUseAfterDisableMs: { encrypt: expect.any(Number), restore: expect.any(Number) },
    boundMs: 2000,
    // When the event is lost, the pipeline hears of the button only if KMS refuses one of its own calls.
    heardAfterDisableMs: expect.toBeOneOf([null, expect.any(Number)]),
    lastUseAfterHeardMs: expect.toBeOneOf([null, expect.any(Object)]),
    eventsDelivered: false,
    otherTenantThroughputRatio: expect.any(Number),
    lost: 0,
    duplicatesVisible: 0,
    unparkedAfterEnableMs: expect.any(Number),
    ok: true,
    broken: [],
  });
  expect(await readFile(out, 'utf8')).toContain('every bound held');
  expect(await readdir(folder)).toEqual(['drill.html']);
});

test('says which option it does not understand, and starts nothing', async () => {
  const failure = await run(process.execPath, [MAIN, '--sandboxes', 'many']).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 1, stdout: '' });
  expect(failure).toHaveProperty('stderr', expect.stringContaining('--sandboxes'));
});
