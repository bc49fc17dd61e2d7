/**
 * Searches the memory of a flushed sandbox for DEKs and branch keys. Some copies are out of our reach: they are freed,
 * but not zeroed until something else is written there. These are
 * - texts of KMS's answers in base64, in former buffers of the HTTP client and former strings of V8;
 * - a copy of each new DEK that the Encryption SDK's keyring takes out of a KeyObject;
 * - copies that the hierarchical keyring makes for one message: its DEK, and the key that wraps that DEK, derived from
 *   the branch key. The test does not look for them: each opens that one message only.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Hierarchy, hierarchy } from '../../support/branch-keys.ts';
import { CACHED_ACME } from '../../support/cached-keys.ts';
import { rowsInJson } from '../../support/key-store-rows.ts';
import { kmsOverHttp } from '../../support/kms-over-http.ts';
import type { KmsStandIn } from '../../support/kms-stand-in.ts';
import { messageOf } from '../../support/messages.ts';
import { writableMemory } from '../../support/process-memory.ts';
import { ACME, kekOf, kmsOfBoth } from '../../support/tenants.ts';

/** A key that KMS gave the sandbox in plaintext: the DEK of a message it opened or made, or a branch key. */
interface PlaintextKey {
  readonly kind: 'opened' | 'made' | 'branchKey';
  readonly bytes: Buffer;
}

type Counts = Readonly<Record<PlaintextKey['kind'], number>>;

const ALL: Counts = { opened: 12, made: 1, branchKey: 4 };
const NONE: Counts = { opened: 0, made: 0, branchKey: 0 };
const program = fileURLToPath(new URL('heap-program.ts', import.meta.url));
const keptText = randomBytes(32).toString('base64');

let directory: string;
let known: readonly PlaintextKey[];
let snapshot: Buffer;
let heldInMemory: Counts;
let leftInMemory: Counts;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sealstream-heap-'));
  const kekMaterial = randomBytes(32);
  const tenants = await hierarchy({}, kmsUnder(kekMaterial));
  const kms = kmsUnder(kekMaterial);
  await using server = await kmsOverHttp(kms);
  const file = join(directory, 'flushed.heapsnapshot');
  const sandbox = fork(program, [keptText, file], {
    env: { AWS_ENDPOINT_URL: server.endpoint, AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any' },
  });
  // KMS must answer with a DEK last: V8 may keep the text of the last answer, for `RegExp.input`.
  const messages = [...(await messagesOfOneBranchKeyEach(tenants)), ...(await messagesOfOneDekEach(tenants))];
  sandbox.send({ messages, branchKeyId: tenants.acme.branchKeyId, rows: rowsInJson(tenants.store) });
  await said(sandbox, 'holding');
  known = plaintextKeysOf(kms);
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

test('a heap snapshot of a flushed sandbox holds no DEK and no branch key, in bytes, hex or base64', () => {
  expect(countsOf(known)).toEqual(ALL);
  expect(snapshot.includes(keptText)).toBe(true);
  const spellings = known.flatMap(({ bytes }) => [bytes, bytes.toString('hex'), bytes.toString('base64')]);
  expect(spellings.filter((spelling) => snapshot.includes(spelling))).toEqual([]);
});

test.runIf(process.platform === 'linux')(
  'its memory held all DEKs and branch keys before the flush, and none after',
  () => {
    expect({ heldInMemory, leftInMemory }).toEqual({ heldInMemory: ALL, leftInMemory: NONE });
  },
);

/** Makes a KMS with the tenant's key, which has counted no calls yet. */
function kmsUnder(kekMaterial: Uint8Array): KmsStandIn {
  const kms = kmsOfBoth();
  kms.addKey(ACME.kekArn, kekMaterial);
  return kms;
}

async function messagesOfOneDekEach({ kms }: Hierarchy): Promise<readonly string[]> {
  const messages = [];
  for (let count = 0; count < ALL.opened; count += 1) {
    // Each message has a sandbox of its own, so that none finds the DEK of another.
    const message = await messageOf(kekOf(CACHED_ACME, kms), randomBytes(1_000));
    messages.push(Buffer.from(message).toString('base64'));
  }
  return messages;
}

/** Makes messages under one version of the branch key each. The last one is under the active version. */
async function messagesOfOneBranchKeyEach(tenants: Hierarchy): Promise<readonly string[]> {
  const { acme, keys, branchKeys } = tenants;
  const messages = [];
  for (let count = 0; count < ALL.branchKey; count += 1) {
    if (count > 0) await branchKeys.version(acme, acme.branchKeyId ?? '');
    keys.cache.flush(acme.tenantId);
    const message = await messageOf(tenants.kek(), randomBytes(1_000));
    messages.push(Buffer.from(message).toString('base64'));
  }
  return messages;
}

async function said(sandbox: ChildProcess, state: string): Promise<void> {
  const [message]: unknown[] = await once(sandbox, 'message');
  expect(message).toBe(state);
}

/** Returns each key once. KMS unwraps a branch key as the active one, and again as the version that a message names. */
function plaintextKeysOf({ calls, plaintextDeks }: KmsStandIn): readonly PlaintextKey[] {
  const keys = new Map<string, PlaintextKey>();
  for (const [index, { operation, context }] of calls.entries()) {
    const bytes = Buffer.from(plaintextDeks[index] ?? []);
    const ofMessage = operation === 'Decrypt' ? 'opened' : 'made';
    keys.set(bytes.toString('hex'), { kind: 'branch-key-id' in context ? 'branchKey' : ofMessage, bytes });
  }
  return [...keys.values()];
}

function countsOf(keys: Iterable<PlaintextKey>): Counts {
  const counts = { ...NONE };
  for (const { kind } of keys) counts[kind] += 1;
  return counts;
}

/**
 * Counts the keys in the sandbox's memory. Half a key counts as found when every copy must be zeroed, because freeing
 * memory overwrites its beginning.
 */
function foundInMemory({ pid = 0 }: ChildProcess): Counts {
  if (process.platform !== 'linux') return NONE;
  const found = new Set<PlaintextKey>();
  for (const part of writableMemory(pid)) {
    for (const key of known) if (needlesOf(key).some((needle) => part.includes(needle))) found.add(key);
  }
  return countsOf(found);
}

function needlesOf({ kind, bytes }: PlaintextKey): readonly Buffer[] {
  return kind === 'made' ? [bytes] : [bytes.subarray(0, 16), bytes.subarray(16)];
}
