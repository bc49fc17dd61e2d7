import { expect, it } from 'vitest';
import { inAccount, type } from '../command-line.ts';
import { removal } from './answers.ts';

inAccount();

const REMOVE = ['tenant', 'remove', 'acme', '--signed-off-by', 'Ada'];
const DONE = {
  returns: { done: true, removal: removal({ step: 'done', finishedAt: '2026-01-02T00:00:00.000Z' }) },
};

it('asks until it is done, and says how far it is', async () => {
  const answers = [
    { returns: { done: false, removal: removal(), waiting: 2 } },
    { returns: { done: false, removal: removal(), waiting: 2 } },
    { returns: { done: false, removal: removal({ step: 'ciphertext', ciphertextVersionsDeleted: 1000 }) } },
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
    })),
  );
  expect(notes).toBe('sealing what is planned, 2 to go\ndeleting ciphertext, 1000 versions so far');
  expect(out).toContain('acme is removed.');
  expect(out).toMatch(/ciphertext.*kept/u);
});

it('passes on what is chosen', async () => {
  const args = [...REMOVE, '--no-drain', '--delete-ciphertext', '--yes'];
  const { invocations } = await type(args, { answers: [DONE] });
  expect(invocations[0]?.event).toMatchObject({ drain: false, deleteCiphertext: true });
});

it('goes on only when the tenant’s id is typed', async () => {
  const wrong = await type(REMOVE, { answers: [DONE], reply: 'globex' });
  expect(wrong.exitCode).toBe(2);
  expect(wrong.invocations).toEqual([]);
  const right = await type(REMOVE, { answers: [DONE], reply: 'acme' });
  expect(right.exitCode).toBe(0);
  expect(right.asked).toEqual([expect.stringContaining('its ciphertext stays')]);
});

it('a removal that cannot go on by itself exits 1 and says why', async () => {
  const blocked = 'the key is disabled; or remove it without a drain';
  const answers = [{ returns: { done: false, removal: removal(), waiting: 1, blocked } }];
  const { exitCode, out, invocations } = await type([...REMOVE, '--yes'], { answers });
  expect(exitCode).toBe(1);
  expect(out).toContain(blocked);
  expect(invocations).toHaveLength(1);
});

it('ciphertext that stays because the removal had begun so is no success', async () => {
  const { exitCode, out } = await type([...REMOVE, '--delete-ciphertext', '--yes'], { answers: [DONE] });
  expect(exitCode).toBe(1);
  expect(out).toContain('KEPT');
});

it('--json prints the last answer alone; progress goes elsewhere', async () => {
  const answers = [{ returns: { done: false, removal: removal(), waiting: 1 } }, DONE];
  const { out, notes } = await type([...REMOVE, '--yes', '--json'], { answers });
  expect(JSON.parse(out)).toEqual(DONE.returns);
  expect(notes).not.toBe('');
});
