import { expect, test } from 'vitest';
import type { Removal } from '../../../shared/tenant/removal.ts';
import { inAccount, type } from '../command-line.ts';
import { removal } from './answers.ts';

inAccount();

const REMOVE = ['tenant', 'remove', 'acme', '--signed-off-by', 'Ada'];
const DONE = {
  returns: { done: true, removal: removal({ step: 'done', finishedAt: '2026-01-02T00:00:00.000Z' }) },
};

test('invokes the function until the removal is done, and shows the progress', async () => {
  const answers = [
    { returns: { done: false, removal: removal(), waiting: 2 } },
    { returns: { done: false, removal: removal(), waiting: 2 } },
    { returns: { done: false, removal: removal({ step: 'ciphertext' }) } },
    DONE,
  ];
  const { exitCode, out, notes, invocations } = await type([...REMOVE, '--yes'], { answers });
  expect(exitCode).toBe(0);
  expect(invocations.map(({ event }) => event)).toEqual(
    Array.from({ length: 4 }, () => ({
      action: 'remove',
      tenantId: 'acme',
      signedOffBy: 'Ada',
      drain: true,
      deleteCiphertext: false,
      shredBranchKeys: false,
    })),
  );
  expect(notes).toBe(
    'sealing what is planned, 2 to go\nwaiting for work in flight to end; its ciphertext stays',
  );
  expect(out).toContain('acme is removed.');
  expect(out).toMatch(/ciphertext.*kept/u);
});

test('passes on what is chosen', async () => {
  const args = [...REMOVE, '--no-drain', '--delete-ciphertext', '--shred-branch-keys', '--yes'];
  const { invocations } = await type(args, { answers: [DONE] });
  expect(invocations[0]?.event).toMatchObject({
    drain: false,
    deleteCiphertext: true,
    shredBranchKeys: true,
  });
});

test('goes on only when the tenant’s id is typed', async () => {
  const wrong = await type(REMOVE, { answers: [DONE], reply: 'globex' });
  expect(wrong.exitCode).toBe(2);
  expect(wrong.invocations).toEqual([]);
  const right = await type(REMOVE, { answers: [DONE], reply: 'acme' });
  expect(right.exitCode).toBe(0);
  expect(right.asked).toEqual([expect.stringContaining('its ciphertext stays')]);
});

test.each([
  [[], /its ciphertext stays, and so do any branch keys/u],
  [['--no-drain'], /stays in the ingest bucket, unsealed/u],
  [['--shred-branch-keys'], /its ciphertext stays.*nobody can read again/u],
  [['--delete-ciphertext'], /ciphertext is deleted.*nobody can read its data again/u],
])('with %j the question says what will happen', async (args, question) => {
  const { asked } = await type([...REMOVE, ...args], { answers: [DONE], reply: 'globex' });
  expect(asked).toEqual([expect.stringMatching(question)]);
});

const DELETING = { step: 'ciphertext', deleteCiphertext: true } as const;

test.each<[string, Partial<Removal>]>([
  ['closing its intake', { step: 'drain', drain: false }],
  ['waiting for work in flight to end; its ciphertext stays', { step: 'ciphertext' }],
  ['waiting for work in flight to end, then deleting its ciphertext', DELETING],
  [
    'deleting its ciphertext, 7 versions so far, 1 refused',
    { ...DELETING, ciphertextVersionsDeleted: 7, ciphertextLeft: { count: 1, first: ['a'] } },
  ],
  ['counting what is left', { step: 'branch-keys' }],
  ['shredding its branch keys', { step: 'branch-keys', shredBranchKeys: true }],
])('shows the progress: %s', async (said, change) => {
  const answers = [{ returns: { done: false, removal: removal(change) } }, DONE];
  expect((await type([...REMOVE, '--yes'], { answers })).notes).toBe(said);
});

test.each<[RegExp, Partial<Removal>]>([
  [/branch keys .*none/u, {}],
  [/branch keys .*1 kept: .*can be read with the tenant's KMS key/u, { branchKeyIds: ['acme.1'] }],
  [
    /branch keys .*1 shredded, 3 rows: nobody can read again/u,
    { branchKeyIds: ['acme.1'], branchKeyRowsDeleted: 3, shredBranchKeys: true },
  ],
  [
    /branch keys .*1 shredded, 3 rows: nobody can read again/u,
    { branchKeyIds: ['acme.1'], branchKeyRowsDeleted: 3 },
  ],
])('sums up: %s', async (line, change) => {
  const answers = [{ returns: { done: true, removal: removal({ step: 'done', ...change }) } }];
  expect((await type([...REMOVE, '--yes'], { answers })).out).toMatch(line);
});

test('a deletion that was given up says how much was kept', async () => {
  const change = { step: 'done', ciphertextVersionsDeleted: 2 } as const;
  const answers = [{ returns: { done: true, removal: removal(change) } }];
  const { out } = await type([...REMOVE, '--yes'], { answers });
  expect(out).toMatch(/ciphertext .*2 versions deleted, the rest kept/u);
});

test('versions that S3 does not let us delete are named, and the exit code is 1', async () => {
  const ciphertextLeft = { count: 21, first: ['"acme/objects/a" (version v1): AccessDenied'] };
  const change = { step: 'done', deleteCiphertext: true, ciphertextLeft } as const;
  const answers = [{ returns: { done: true, removal: removal(change) } }];
  const { exitCode, out } = await type([...REMOVE, '--delete-ciphertext', '--yes'], { answers });
  expect(exitCode).toBe(1);
  expect(out).toContain('"acme/objects/a" (version v1): AccessDenied\n  and 20 more');
});

test('uploads that nothing will ever seal are named', async () => {
  const unsealable = { count: 1, first: ['"acme/a" (version v1)'] };
  const answers = [
    { returns: { done: true, removal: removal({ step: 'done', uploadsLeft: 1, unsealable }) } },
  ];
  const { exitCode, out } = await type([...REMOVE, '--yes'], { answers });
  expect(exitCode).toBe(0);
  expect(out).toContain('"acme/a" (version v1)');
  expect(out).toMatch(/uploads left.*1, not sealed: plaintext/u);
});

test('for an id that never was active it says that it is free, or what it waits for', async () => {
  const never = removal({ step: 'done', neverActive: true });
  const free = await type([...REMOVE, '--yes'], {
    answers: [{ returns: { done: true, removal: never, forgotten: true } }],
  });
  expect([free.exitCode, free.out]).toEqual([0, expect.stringContaining('its id can be used again')]);
  const taken = await type([...REMOVE, '--yes'], {
    answers: [{ returns: { done: true, removal: { ...never, uploadsLeft: 2 } } }],
  });
  expect(taken.out).toContain('Once nothing below acme/ is in the ingest bucket, remove it again');
});

test('branch keys that stay because the removal began without the option make the exit code 1', async () => {
  const { exitCode, out } = await type([...REMOVE, '--shred-branch-keys', '--yes'], { answers: [DONE] });
  expect(exitCode).toBe(1);
  expect(out).toContain('branch keys were KEPT');
});

test('a removal that cannot go on by itself exits 1 and says why', async () => {
  const blocked = 'the key is disabled; or remove it without a drain';
  const answers = [{ returns: { done: false, removal: removal(), waiting: 1, blocked } }];
  const { exitCode, out, invocations } = await type([...REMOVE, '--yes'], { answers });
  expect(exitCode).toBe(1);
  expect(out).toContain(blocked);
  expect(invocations).toHaveLength(1);
});

test('ciphertext that stays because the removal began without the option makes the exit code 1', async () => {
  const { exitCode, out } = await type([...REMOVE, '--delete-ciphertext', '--yes'], { answers: [DONE] });
  expect(exitCode).toBe(1);
  expect(out).toContain('KEPT');
});

test('--json prints the last answer alone; progress goes elsewhere', async () => {
  const answers = [{ returns: { done: false, removal: removal(), waiting: 1 } }, DONE];
  const { out, notes } = await type([...REMOVE, '--yes', '--json'], { answers });
  expect(JSON.parse(out)).toEqual(DONE.returns);
  expect(notes).not.toBe('');
});
