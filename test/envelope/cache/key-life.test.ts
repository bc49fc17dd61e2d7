import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decrypt, decryptWhole } from '../../../shared/envelope/message/decrypt.ts';
import { encrypt } from '../../../shared/envelope/message/encrypt.ts';
import type { Kek } from '../../../shared/envelope/kms/kek.ts';
import { type CachedKeys, cachedKeys, holdAnswers, idle } from '../../support/cached-keys.ts';
import { codeOf, drained } from '../../support/content.ts';
import type { HeldClock } from '../../support/held-clock.ts';
import { CONTEXT, messageOf } from '../../support/messages.ts';
import { ACME } from '../../support/tenants.ts';

const SECOND_MS = 1_000;

/** Makes one more small message. Returns 'done' or the code of its failure. */
async function work(kek: Kek): Promise<string> {
  return await messageOf(kek, randomBytes(10)).then(() => 'done', codeOf);
}

/** Makes a sandbox with a DEK in its cache. */
async function warmSandbox(): Promise<CachedKeys> {
  const sandbox = cachedKeys();
  await work(sandbox.kek());
  return sandbox;
}

describe('a cached DEK', () => {
  test.each([
    ['both clocks', (clock: HeldClock) => clock.advance(60 * SECOND_MS)],
    ['the wall clock alone, as in a frozen sandbox', (clock: HeldClock) => clock.advanceWall(60 * SECOND_MS)],
    ['the monotonic clock alone', (clock: HeldClock) => clock.advanceMonotonic(60 * SECOND_MS)],
    ['a wall clock set back', (clock: HeldClock) => clock.advanceWall(-1)],
  ])('that is too old by %s is not used again, to encrypt or to decrypt', async (_, advance) => {
    const { kek, kms, clock } = await warmSandbox();
    const message = await messageOf(kek(), randomBytes(10));
    await decryptWhole(kek(), message, CONTEXT);
    expect(kms.calls).toHaveLength(2);
    advance(clock);
    await work(kek());
    await decryptWhole(kek(), message, CONTEXT);
    expect(kms.calls).toHaveLength(4);
  });

  test('is used until a millisecond before that age', async () => {
    const { kek, kms, clock } = await warmSandbox();
    clock.advance(60 * SECOND_MS - 1);
    const { asked, release } = holdAnswers(kms);
    expect(await work(kek())).toBe('done');
    expect(kms.calls).toHaveLength(1);
    expect(asked()).toBe(1);
    release();
  });

  test('counts its age from the call of KMS, not from the answer', async () => {
    const { kek, kms, clock } = cachedKeys();
    const { release } = holdAnswers(kms);
    const first = work(kek());
    await idle();
    clock.advance(40 * SECOND_MS);
    release();
    await first;
    clock.advance(20 * SECOND_MS);
    await work(kek());
    expect(kms.calls).toHaveLength(2);
  });

  test('is too old as soon as the tenant’s limit is lower than its age', async () => {
    const { kek, kms, clock } = await warmSandbox();
    clock.advance(10 * SECOND_MS);
    await work(kek({ maxKeyAgeSeconds: 10 }));
    expect(kms.calls).toHaveLength(2);
  });

  test('protects as many messages as allowed and no more', async () => {
    const { kek, kms } = cachedKeys({ maxMessages: 3 });
    for (let count = 0; count < 7; count += 1) await work(kek());
    expect(kms.calls).toHaveLength(3);
  });

  test('protects as many bytes as allowed and no more, and a bigger message has one of its own', async () => {
    const { kek, kms } = cachedKeys({ maxBytes: 4_000 });
    for (let count = 0; count < 5; count += 1) await messageOf(kek(), randomBytes(1_500));
    expect(kms.calls).toHaveLength(3);
    for (let count = 0; count < 2; count += 1) await messageOf(kek(), randomBytes(5_000));
    expect(kms.calls).toHaveLength(5);
  });
});

describe('a DEK near its end', () => {
  test('is replaced in the background by one call of KMS, and no message waits for it', async () => {
    const { kek, kms, clock } = await warmSandbox();
    clock.advance(48 * SECOND_MS);
    const { asked, release } = holdAnswers(kms);
    for (let count = 0; count < 5; count += 1) expect(await work(kek())).toBe('done');
    expect(asked()).toBe(1);
    release();
    await idle();
    clock.advance(47 * SECOND_MS);
    expect(await work(kek())).toBe('done');
    expect(kms.calls).toHaveLength(2);
  });

  test('is used to its end when KMS is out of reach, and no message fails for that', async () => {
    const { kek, kms, clock } = await warmSandbox();
    clock.advance(48 * SECOND_MS);
    kms.refuse(ACME.kekArn, 'ThrottlingException');
    expect(await work(kek())).toBe('done');
    await idle();
    expect(await work(kek())).toBe('done');
    clock.advance(12 * SECOND_MS);
    expect(await work(kek())).toBe('ERR_KMS_UNAVAILABLE');
  });

  test('is dropped when KMS refuses, and the next message meets the refusal', async () => {
    const { kek, kms, clock } = await warmSandbox();
    clock.advance(48 * SECOND_MS);
    kms.refuse(ACME.kekArn, 'DisabledException');
    expect(await work(kek())).toBe('done');
    await idle();
    expect(await work(kek())).toBe('ERR_TENANT_KEY_UNUSABLE');
  });
});

describe('a failure of KMS', () => {
  test('is shared by all messages that wait for the same DEK, and then forgotten', async () => {
    const { kek, kms } = cachedKeys();
    kms.refuse(ACME.kekArn, 'ThrottlingException');
    const outcomes = await Promise.all(Array.from({ length: 20 }, async () => await work(kek())));
    expect(new Set(outcomes)).toEqual(new Set(['ERR_KMS_UNAVAILABLE']));
    expect(kms.calls).toHaveLength(1);
    kms.allow(ACME.kekArn);
    expect(await work(kek())).toBe('done');
  });

  test('that is a refusal drops every key of the tenant, not only the one asked for', async () => {
    const { kek, kms } = await warmSandbox();
    const message = await messageOf(kek(), randomBytes(10));
    kms.refuse(ACME.kekArn, 'DisabledException');
    const outcome = decryptWhole(kek(), message, CONTEXT);
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_TENANT_KEY_UNUSABLE' });
    expect(await work(kek())).toBe('ERR_TENANT_KEY_UNUSABLE');
  });
});

/** Yields two pieces, a minute apart. */
function* slow(clock: HeldClock, between: () => void = () => undefined): Generator<Uint8Array> {
  yield randomBytes(50);
  clock.advance(60 * SECOND_MS);
  between();
  yield randomBytes(50);
}

interface Opening extends CachedKeys {
  readonly message: Uint8Array;
}

/** Makes a message of three frames, whose DEK is in the cache of the sandbox that opens it. */
async function makeOpening(): Promise<Opening> {
  const sandbox = await warmSandbox();
  const message = await messageOf(sandbox.kek(), randomBytes(3_000_000));
  await decryptWhole(sandbox.kek(), message, CONTEXT);
  return { ...sandbox, message };
}

/** Opens the message; a minute passes in the middle. Returns the bytes or the code of the failure. */
async function openSlowly({ kek, clock, message }: Opening, between?: () => void): Promise<string> {
  function* pieces(): Generator<Uint8Array> {
    yield message.subarray(0, 1_500_000);
    clock.advance(60 * SECOND_MS);
    between?.();
    yield message.subarray(1_500_000);
  }
  const { bytes, code } = await drained(decrypt(kek(), { content: pieces() }, CONTEXT));
  return code ?? `${bytes.length} bytes`;
}

describe('a message under way', () => {
  test('ends, to be tried again, when the DEK that it found grows too old', async () => {
    const { kek, clock } = await warmSandbox();
    const outcome = encrypt(kek(), { bytes: 100, content: slow(clock) }, CONTEXT);
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_KEY_EXPIRED', disposition: 'retry' });
    // The retry finds no DEK, so it fetches one, which it may use to its end.
    using message = await encrypt(kek(), { bytes: 100, content: slow(clock) }, CONTEXT);
    expect(message.content.length).toBeGreaterThan(100);
  });

  test('ends when the keys are flushed under it', async () => {
    const { kek, clock, keys } = await warmSandbox();
    const flush = (): void => keys.cache.flush(ACME.tenantId);
    const outcome = encrypt(kek(), { bytes: 100, content: slow(clock, flush) }, CONTEXT);
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_EPOCH_CHANGED', disposition: 'retry' });
  });

  test('that is opened asks KMS for its DEK again, and goes on if KMS unwraps it', async () => {
    const sandbox = await makeOpening();
    const asked = sandbox.kms.calls.length;
    expect(await openSlowly(sandbox)).toBe('3000000 bytes');
    expect(sandbox.kms.calls.slice(asked).map(({ operation }) => operation)).toEqual(['Decrypt']);
  });

  test('that is opened ends if KMS refuses', async () => {
    const sandbox = await makeOpening();
    const refuse = (): void => sandbox.kms.refuse(ACME.kekArn, 'DisabledException');
    expect(await openSlowly(sandbox, refuse)).toBe('ERR_TENANT_KEY_UNUSABLE');
  });

  test('that is opened ends when the keys are flushed under it', async () => {
    const sandbox = await makeOpening();
    const flush = (): void => sandbox.keys.cache.observe({ ...ACME, epoch: ACME.epoch + 1 });
    expect(await openSlowly(sandbox, flush)).toBe('ERR_EPOCH_CHANGED');
  });
});
