import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { chunkRange, geometryOf } from '../../shared/object/geometry.ts';
import type { SourceVersion } from '../../shared/object/source-version.ts';
import type { SourceListing, Sources, VersionMarker } from '../../shared/ports/sources.ts';
import { codeOf } from '../support/content.ts';
import { NEVER } from '../support/world.ts';

export interface SourcesWorld {
  readonly sources: Sources;
  /** Uploads an object with the content type `text/plain`, user metadata `owner` and a tag `class`. */
  readonly upload: (key: string, body: Buffer) => Promise<SourceVersion>;
}

export interface ListingWorld {
  readonly listing: SourceListing;
  readonly upload: (key: string, body: Buffer) => Promise<SourceVersion>;
  /** Deletes the version for good. */
  readonly remove: (version: VersionMarker) => Promise<unknown>;
}

export function sourcesContract(make: () => SourcesWorld): void {
  describe('a version in the ingest bucket', () => {
    test.each([1, 9, 10, 11, 25])('of %i bytes is read range by range', async (sizeBytes) => {
      const { sources, upload } = make();
      const body = randomBytes(sizeBytes);
      const source = await upload('acme/read', body);
      const geometry = geometryOf(sizeBytes, 10);
      const pieces: Uint8Array[] = [];
      for (let index = 0; index < geometry.chunkCount; index += 1) {
        const range = chunkRange(geometry, index);
        pieces.push(...(await Array.fromAsync(await sources.readRange({ source, sizeBytes }, range, NEVER))));
      }
      expect(Buffer.concat(pieces)).toEqual(body);
    });

    test.each([0, 1, 100_000])('of %i bytes is read as a whole, with its description', async (sizeBytes) => {
      const { sources, upload } = make();
      const body = randomBytes(sizeBytes);
      const source = await upload('acme/whole', body);
      const { content, description } = await sources.readWhole({ source, sizeBytes }, NEVER);
      expect(Buffer.concat(await Array.fromAsync(content))).toEqual(body);
      expect(description).toEqual(await sources.describe(source));
      expect(description.checksums).not.toEqual([]);
    });

    test('that has another size than planned is refused', async () => {
      const { sources, upload } = make();
      const source = await upload('acme/resized', Buffer.alloc(20));
      for (const sizeBytes of [0, 15, 25]) {
        const version = { source, sizeBytes };
        const whole = async () => await Array.fromAsync((await sources.readWhole(version, NEVER)).content);
        const range = async () =>
          await Array.fromAsync(await sources.readRange(version, { start: 0, end: 10 }, NEVER));
        expect(await whole().catch(codeOf)).toBe('ERR_SOURCE_CHANGED');
        expect(await range().catch(codeOf)).toBe('ERR_SOURCE_CHANGED');
      }
    });

    test('is described with everything that its uploader said of it', async () => {
      const { sources, upload } = make();
      const source = await upload('acme/described', Buffer.from('x'));
      expect((await sources.describe(source)).attributes).toMatchObject({
        contentType: 'text/plain',
        metadata: { owner: 'legal' },
        tags: { class: 'secret' },
      });
    });

    test('that was removed is gone, and only that one', async () => {
      const { sources, upload } = make();
      const [one, other] = [await upload('acme/same', ONE), await upload('acme/same', ONE)];
      await sources.remove(one);
      await sources.remove(one);
      const version = { source: one, sizeBytes: ONE.length };
      expect(await sources.readWhole(version, NEVER).catch(codeOf)).toBe('ERR_SOURCE_CHANGED');
      const range = sources.readRange(version, { start: 0, end: 1 }, NEVER);
      expect(await range.catch(codeOf)).toBe('ERR_SOURCE_CHANGED');
      expect(await sources.describe(one).catch(codeOf)).toBe('ERR_SOURCE_CHANGED');
      await expect(sources.describe(other)).resolves.toBeDefined();
    });
  });
}

const ONE = Buffer.from('one');

export function listingContract(make: () => ListingWorld): void {
  describe('the listing of the ingest bucket', () => {
    test('names every version below a prefix, in order of key', async () => {
      const { listing, upload } = make();
      const keys = ['list/b', 'list/a', 'list/a', 'list/ü ä', 'listen'];
      const made = await Promise.all(keys.map(async (key) => await upload(key, ONE)));
      const { versions, next } = await listing.page(undefined, 'list/');
      expect(next).toBeUndefined();
      expect(versions.map(({ key }) => key)).toEqual(['list/a', 'list/a', 'list/b', 'list/ü ä']);
      expect(new Set(versions.map(({ versionId }) => versionId))).toEqual(
        new Set(made.slice(0, 4).map(({ versionId }) => versionId)),
      );
      expect(versions[0]).toMatchObject({ bucket: made[0]?.bucket, sizeBytes: ONE.length });
      expect((await listing.page(undefined)).versions.map(({ key }) => key)).toContain('listen');
    });

    test('goes on behind a marker', async () => {
      const { listing, upload } = make();
      for (const key of ['page/1', 'page/2', 'page/3']) await upload(key, ONE);
      const [first] = (await listing.page(undefined, 'page/')).versions;
      const marker: VersionMarker = { key: first?.key ?? '', versionId: first?.versionId ?? '' };
      const rest = await listing.page(marker, 'page/');
      expect(rest.versions.map(({ key }) => key)).toEqual(['page/2', 'page/3']);
    });

    test('goes on behind the place of a version that is gone', async () => {
      const { listing, upload, remove } = make();
      for (const key of ['gone/1', 'gone/2', 'gone/3']) await upload(key, ONE);
      const [, second] = (await listing.page(undefined, 'gone/')).versions;
      if (second === undefined) throw new Error('three were uploaded');
      await remove(second);
      expect((await listing.page(second, 'gone/')).versions.map(({ key }) => key)).toEqual(['gone/3']);
    });
  });
}
