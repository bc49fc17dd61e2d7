/**
 * What is left of DEKs in a sandbox that was flushed. Out of anybody's reach are the texts of KMS's answers, base64,
 * where the HTTP client's buffers and V8's strings were: freed, not zeroed, until something else is written there.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kmsOverHttp } from '../support/kms-over-http.ts';
import { writableMemory } from '../support/process-memory.ts';
import { kmsOfBoth } from '../support/tenants.ts';

const DEKS = 4;
const program = fileURLToPath(new URL('heap-program.ts', import.meta.url));
const keptText = randomBytes(32).toString('base64');

let directory: string;
let deks: readonly Buffer[];
let snapshot: Buffer;
let heldInMemory: number;
let leftInMemory: number;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sealstream-heap-'));
  const file = join(directory, 'flushed.heapsnapshot');
  const kms = kmsOfBoth();
  await using server = await kmsOverHttp(kms);
  const sandbox = fork(program, [String(DEKS), keptText, file], {
    env: { AWS_ENDPOINT_URL: server.endpoint, AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any' },
  });
  await said(sandbox, 'holding');
  deks = distinct(kms.plaintextDeks);
  heldInMemory = foundInMemory(sandbox);
  sandbox.send('flush');
  await said(sandbox, 'flushed');
  leftInMemory = foundInMemory(sandbox);
  sandbox.send('snapshot');
  await once(sandbox, 'exit');
  snapshot = await readFile(file);
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

test('a heap snapshot of a flushed sandbox holds no DEK, in no spelling', () => {
  expect(deks).toHaveLength(DEKS);
  expect(snapshot.includes(keptText)).toBe(true);
  const spellings = deks.flatMap((dek) => [dek, dek.toString('hex'), dek.toString('base64')]);
  expect(spellings.filter((spelling) => snapshot.includes(spelling))).toEqual([]);
});

test.runIf(process.platform === 'linux')('its memory held all DEKs before the flush, and none after', () => {
  expect({ heldInMemory, leftInMemory }).toEqual({ heldInMemory: DEKS, leftInMemory: 0 });
});

async function said(sandbox: ChildProcess, state: string): Promise<void> {
  const [message]: unknown[] = await once(sandbox, 'message');
  expect(message).toBe(state);
}

function distinct(buffers: readonly Uint8Array[]): readonly Buffer[] {
  const spelled = buffers.map((buffer) => Buffer.from(buffer).toString('hex'));
  return [...new Set(spelled)].map((hex) => Buffer.from(hex, 'hex'));
}

/** How many DEKs are there by either half: an allocator writes over the beginning of what it frees. */
function foundInMemory({ pid = 0 }: ChildProcess): number {
  if (process.platform !== 'linux') return 0;
  const found = new Set<Buffer>();
  for (const part of writableMemory(pid)) {
    for (const dek of deks) {
      if (part.includes(dek.subarray(0, 16)) || part.includes(dek.subarray(16))) found.add(dek);
    }
  }
  return found.size;
}
