/**
 * A message must not leave a usable key behind, however it ends. The Encryption SDK keeps each key in a KeyObject, whose
 * bytes no JavaScript sees. To zero a material is to drop its KeyObject, and then the material says that it has no key.
 */
import { NodeDecryptionMaterial, NodeEncryptionMaterial } from '@aws-crypto/material-management-node';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Kek } from '../../../shared/envelope/kms/kek.ts';
import type { Input } from '../../../shared/envelope/message/content.ts';
import { decrypt } from '../../../shared/envelope/message/decrypt.ts';
import { decryptRange } from '../../../shared/envelope/message/decrypt-range.ts';
import { encrypt } from '../../../shared/envelope/message/encrypt.ts';
import { FRAME_BYTES } from '../../../shared/envelope/message/message-size.ts';
import { hierarchy } from '../../support/branch-keys.ts';
import { codeOf } from '../../support/content.ts';
import { CONTEXT, messageOf, withBitFlipped } from '../../support/messages.ts';
import { ACME } from '../../support/tenants.ts';

type Material = NodeDecryptionMaterial | NodeEncryptionMaterial;
type Work = (kek: Kek, input: Input) => Promise<unknown>;

const BYTES = 2 * FRAME_BYTES;
const plaintext = randomBytes(BYTES);
const sandbox = await hierarchy();
const materials: Material[] = [];

/** The Encryption SDK freezes each material when it makes it. */
beforeEach(() => {
  const freeze = Object.freeze;
  vi.spyOn(Object, 'freeze').mockImplementation((made: unknown) => {
    if (made instanceof NodeEncryptionMaterial || made instanceof NodeDecryptionMaterial)
      materials.push(made);
    return freeze(made);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  materials.length = 0;
});

function inUse(): readonly Material[] {
  return materials.filter(({ hasUnencryptedDataKey }) => hasUnencryptedDataKey);
}

const works: readonly [string, Work][] = [
  [
    'encrypt',
    async (kek, input) => {
      using _ = await encrypt(kek, { ...input, bytes: BYTES }, CONTEXT);
    },
  ],
  ['decrypt', async (kek, input) => await Array.fromAsync(decrypt(kek, input, CONTEXT))],
  [
    'decryptRange',
    async (kek, input) => {
      const fetch = async () => await Promise.resolve(input.content);
      const wanted = { ...input, fetch, contentBytes: BYTES, range: { start: 0, end: BYTES } };
      await Array.fromAsync(decryptRange(kek, wanted, CONTEXT));
    },
  ],
];

describe.each(['per-chunk', 'cached', 'hierarchical'] as const)('in keyMode %s', (keyMode) => {
  const kek = sandbox.kek({ ...ACME, keyMode, branchKeyId: sandbox.acme.branchKeyId });

  /** Returns what the work takes in: the message, or its plaintext. */
  async function inputOf(name: string): Promise<Uint8Array> {
    return name === 'encrypt' ? plaintext : await messageOf(kek, plaintext);
  }

  describe.each(works)('%s leaves no key', (name, work) => {
    test('after success, and had one midway', async () => {
      const input = await inputOf(name);
      let midway = 0;
      function* content(): Generator<Uint8Array> {
        yield input.subarray(0, FRAME_BYTES);
        midway = inUse().length;
        yield input.subarray(FRAME_BYTES);
      }
      await work(kek, { content: content() });
      expect(midway).toBe(1);
      expect(inUse()).toEqual([]);
    });

    test('after content that breaks off', async () => {
      const input = await inputOf(name);
      function* content(): Generator<Uint8Array> {
        yield input.subarray(0, FRAME_BYTES + 10);
        throw new Error('socket hang up');
      }
      expect(await work(kek, { content: content() }).catch(codeOf)).toBe('ERR_STORAGE_UNAVAILABLE');
      expect(materials.length).toBeGreaterThan(0);
      expect(inUse()).toEqual([]);
    });

    test('after an abort midway', async () => {
      const input = await inputOf(name);
      const controller = new AbortController();
      function* content(): Generator<Uint8Array> {
        yield input.subarray(0, FRAME_BYTES + 10);
        controller.abort(new DOMException('out of time', 'AbortError'));
        yield input.subarray(FRAME_BYTES + 10);
      }
      const outcome = work(kek, { content: content(), signal: controller.signal });
      await expect(outcome).rejects.toMatchObject({ name: 'AbortError' });
      expect(inUse()).toEqual([]);
    });
  });

  const readers = works.filter(([name]) => name !== 'encrypt');

  test.each(readers)('%s leaves no key after a header that does not verify', async (_name, work) => {
    const message = await messageOf(kek, plaintext);
    const headerBytes = message.length - (BYTES + 2 * 32 + 40);
    const lined = keyMode === 'cached' ? Buffer.byteLength(`${JSON.stringify(CONTEXT)}\n`) : 0;
    const altered = withBitFlipped(message, 8 * (headerBytes - lined - 1));
    expect(await work(kek, { content: [altered] }).catch(codeOf)).toBe('ERR_AUTHENTICATION_FAILED');
    expect(inUse()).toEqual([]);
  });

  test('decrypt leaves no key when its consumer stops early', async () => {
    const content = [await messageOf(kek, plaintext)];
    for await (const _ of decrypt(kek, { content }, CONTEXT)) break;
    expect(inUse()).toEqual([]);
  });

  test('decryptRange leaves no key when its consumer stops early', async () => {
    const fetch = async () => await Promise.resolve([message]);
    const message = await messageOf(kek, plaintext);
    const wanted = { fetch, contentBytes: BYTES, range: { start: 0, end: BYTES } };
    for await (const _ of decryptRange(kek, wanted, CONTEXT)) break;
    expect(inUse()).toEqual([]);
  });
});
