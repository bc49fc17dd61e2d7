import { describe, expect, test } from 'vitest';
import { MAX_ENTRY_BYTES, type Vault } from '../../shared/ports/vault.ts';
import { codeOf } from '../support/content.ts';
import { NEVER } from '../support/world.ts';

const ONE = Buffer.from('one');
const OTHER = Buffer.from('the other');

async function content(vault: Vault, key: string): Promise<Buffer | undefined> {
  const chunk = await vault.getChunk(key, 100, NEVER);
  return chunk && Buffer.concat(await Array.fromAsync(chunk));
}

export function vaultContract(make: () => Vault): void {
  describe('a chunk', () => {
    test('is written over nothing, once', async () => {
      const vault = make();
      const key = 'acme/chunks/once/0000000000';
      expect(await content(vault, key)).toBeUndefined();
      expect(await vault.putChunk({ key, message: ONE }, NEVER)).toMatchObject({ etag: expect.any(String) });
      expect(await vault.putChunk({ key, message: OTHER }, NEVER)).toBeUndefined();
      expect(await content(vault, key)).toEqual(ONE);
    });

    test('is written over the one with that ETag, and over no other', async () => {
      const vault = make();
      const key = 'acme/chunks/over/0000000000';
      expect(await vault.putChunk({ key, message: ONE, replacedEtag: '"none"' }, NEVER)).toBeUndefined();
      const first = await vault.putChunk({ key, message: ONE }, NEVER);
      expect(await vault.putChunk({ key, message: OTHER, replacedEtag: '"none"' }, NEVER)).toBeUndefined();
      expect(await content(vault, key)).toEqual(ONE);
      const next = await vault.putChunk({ key, message: OTHER, replacedEtag: first?.etag }, NEVER);
      expect(next?.etag).not.toBe(first?.etag);
      expect(await content(vault, key)).toEqual(OTHER);
    });

    test('that has more bytes than it may have is refused', async () => {
      const vault = make();
      const key = 'acme/chunks/large/0000000000';
      await vault.putChunk({ key, message: Buffer.alloc(101) }, NEVER);
      expect(await content(vault, key).catch(codeOf)).toBe('ERR_AUTHENTICATION_FAILED');
    });

    test.each([
      ['within it', { start: 4, end: 7 }, 'oth'],
      ['that ends with it', { start: 6, end: 9 }, 'her'],
      ['that ends beyond it', { start: 4, end: 100 }, 'other'],
      ['of one byte', { start: 0, end: 1 }, 't'],
      ['that begins where it ends', { start: 9, end: 10 }, undefined],
    ])('is read in part: a range %s', async (_what, range, part) => {
      const vault = make();
      const key = 'acme/chunks/part/0000000000';
      await vault.putChunk({ key, message: OTHER }, NEVER);
      const pieces = await vault.getChunkRange(key, range, NEVER);
      expect(pieces && Buffer.concat(await Array.fromAsync(pieces)).toString()).toBe(part);
      expect(await vault.getChunkRange(`${key}0`, range, NEVER)).toBeUndefined();
    });

    test('is listed with its length and ETag, in order of key, below a prefix', async () => {
      const vault = make();
      const keys = ['acme/chunks/a/0000000000', 'acme/chunks/a/0000000001', 'acme/chunks/b/0000000000'];
      for (const key of keys.toReversed()) await vault.putChunk({ key, message: ONE }, NEVER);
      const listed = await Array.fromAsync(vault.listChunks('acme/chunks/a/'));
      const etag = (await vault.putChunk({ key: 'acme/chunks/c', message: ONE }, NEVER))?.etag;
      expect(listed).toEqual(keys.slice(0, 2).map((key) => ({ key, bytes: ONE.length, etag })));
      expect(await Array.fromAsync(vault.listChunks('acme/chunks/none/'))).toEqual([]);
    });
  });

  describe('an entry', () => {
    test('is written over nothing, and then only over the one that was read', async () => {
      const vault = make();
      const key = 'acme/objects/report';
      expect(await vault.getEntry(key)).toBeUndefined();
      expect(await vault.putEntry(key, { body: ONE }, undefined)).toBe(true);
      expect(await vault.putEntry(key, { body: OTHER }, undefined)).toBe(false);
      const first = await vault.getEntry(key);
      expect(first).toMatchObject({ body: ONE });
      expect(await vault.putEntry(key, { body: OTHER }, first)).toBe(true);
      expect(await vault.putEntry(key, { body: ONE }, first)).toBe(false);
      expect(await vault.getEntry(key)).toMatchObject({ body: OTHER });
    });

    test('keeps its clear part beside it, or has none', async () => {
      const vault = make();
      const clear = JSON.stringify({ objectId: 'x', quoted: '"\\ +%' });
      for (const [key, entry] of [
        ['acme/objects/inline', { body: ONE, clear }],
        ['acme/objects/manifest', { body: ONE }],
      ] as const) {
        await vault.putEntry(key, entry, undefined);
        const stored = await vault.getEntry(key);
        expect(stored?.clear).toBe('clear' in entry ? entry.clear : undefined);
        expect(stored?.body).toEqual(ONE);
        await vault.putEntry(key, { body: OTHER }, stored);
        expect((await vault.getEntry(key))?.clear).toBeUndefined();
      }
    });

    test('has as many bytes as an entry may have; of a larger object nothing is read', async () => {
      const vault = make();
      for (const [key, bytes, read] of [
        ['acme/objects/full', MAX_ENTRY_BYTES, MAX_ENTRY_BYTES],
        ['acme/objects/larger', MAX_ENTRY_BYTES + 1, 0],
      ] as const) {
        await vault.putEntry(key, { body: Buffer.alloc(bytes, 'x') }, undefined);
        const found = await vault.getEntry(key);
        expect(found?.body).toHaveLength(read);
        expect(await vault.putEntry(key, { body: ONE }, found)).toBe(true);
      }
    });
  });
}
