/**
 * What is left of DEKs in a sandbox that was flushed. Out of our reach are texts of KMS's answers, base64, where the
 * HTTP client's buffers and V8's strings were, and a copy of each new DEK that the Encryption SDK's keyring takes out
 * of a KeyObject: freed, not zeroed, until something else is written there.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CACHED_ACME } from '../support/cached-keys.ts';
import { kmsOverHttp } from '../support/kms-over-http.ts';
import type { KmsStandIn } from '../support/kms-stand-in.ts';
import { messageOf } from '../support/messages.ts';
import { writableMemory } from '../support/process-memory.ts';
import { kekOf, kmsOfBoth } from '../support/tenants.ts';

const OPENED = 12;
const program = fileURLToPath(new URL('heap-program.ts', import.meta.url));
const keptText = randomBytes(32).toString('base64');

let directory: string;
let opened: readonly Buffer[];
let made: readonly Buffer[];
let snapshot: Buffer;
let heldInMemory: number;
let leftInMemory: number;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sealstream-heap-'));
  const kms = kmsOfBoth();
  await using server = await kmsOverHttp(kms);
  const file = join(directory, 'flushed.heapsnapshot');
  const sandbox = fork(program, [keptText, file], {
    env: { AWS_ENDPOINT_URL: server.endpoint, AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any' },
  });
  sandbox.send(await messagesOfOneDekEach(kms));
  await said(sandbox, 'holding');
  opened = deksOf(kms, 'Decrypt');
  made = deksOf(kms, 'GenerateDataKey').slice(OPENED);
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
  expect([opened.length, made.length]).toEqual([OPENED, 1]);
  expect(snapshot.includes(keptText)).toBe(true);
  const spellings = [...opened, ...made].flatMap((dek) => [dek, dek.toString('hex'), dek.toString('base64')]);
  expect(spellings.filter((spelling) => snapshot.includes(spelling))).toEqual([]);
});

test.runIf(process.platform === 'linux')('its memory held all DEKs before the flush, and none after', () => {
  expect({ heldInMemory, leftInMemory }).toEqual({ heldInMemory: OPENED + 1, leftInMemory: 0 });
});

async function messagesOfOneDekEach(kms: KmsStandIn): Promise<readonly string[]> {
  const messages = [];
  for (let count = 0; count < OPENED; count += 1) {
    // A sandbox each, so that none finds another's DEK.
    const message = await messageOf(kekOf(CACHED_ACME, kms), randomBytes(1_000));
    messages.push(Buffer.from(message).toString('base64'));
  }
  return messages;
}

async function said(sandbox: ChildProcess, state: string): Promise<void> {
  const [message]: unknown[] = await once(sandbox, 'message');
  expect(message).toBe(state);
}

function deksOf({ calls, plaintextDeks }: KmsStandIn, operation: string): readonly Buffer[] {
  return plaintextDeks
    .filter((_, index) => calls[index]?.operation === operation)
    .map((dek) => Buffer.from(dek));
}

/** How many DEKs are there. Half of one is enough where every copy is to be zeroed: freeing writes over the beginning. */
function foundInMemory({ pid = 0 }: ChildProcess): number {
  if (process.platform !== 'linux') return 0;
  const needles = [
    ...opened.map((dek) => [dek.subarray(0, 16), dek.subarray(16)]),
    ...made.map((dek) => [dek]),
  ];
  const found = new Set<number>();
  for (const part of writableMemory(pid)) {
    for (const [index, parts] of needles.entries()) {
      if (parts.some((needle) => part.includes(needle))) found.add(index);
    }
  }
  return found.size;
}
