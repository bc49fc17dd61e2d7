import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

test('the program that the package installs prints its message and its exit code is right', async () => {
  const bin = fileURLToPath(new URL(`../../${manifest.bin.sealstream}`, import.meta.url));
  const child = spawn(process.execPath, [bin, 'tenant', 'show'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  expect(child.exitCode).toBe(2);
  expect(out).toBe('');
  expect(errors).toBe('sealstream: ERR_USAGE: name the tenant: --tenant ID\n');
});
