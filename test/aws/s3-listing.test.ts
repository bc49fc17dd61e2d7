import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { s3Listing } from '../../shared/aws/s3-listing.ts';
import type { ListedVersion, VersionMarker } from '../../shared/ports/sources.ts';
import { newBucket, startS3, type S3Server } from '../local/s3/s3-server.ts';

let server: S3Server;

beforeAll(async () => {
  server = await startS3();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** A versioned bucket in which each of the keys was written. */
async function bucketOf(...keys: readonly string[]): Promise<string> {
  const s3 = server.client();
  const Bucket = await newBucket(s3, 'Enabled');
  for (const Key of keys) await s3.putObject({ Bucket, Key, Body: 'x'.repeat(Key.length) });
  return Bucket;
}

describe('the listing of a bucket', () => {
  test('names every version in order of key, and no delete marker', async () => {
    const s3 = server.client();
    const Bucket = await bucketOf('acme/b', 'acme/a', 'acme/a', 'acme/gone');
    await s3.deleteObject({ Bucket, Key: 'acme/gone' });
    const { versions, next } = await s3Listing(s3, Bucket).page(undefined);
    expect(versions.map(({ key }) => key)).toEqual(['acme/a', 'acme/a', 'acme/b', 'acme/gone']);
    expect(next).toBeUndefined();
    expect(new Set(versions.map(({ versionId }) => versionId)).size).toBe(4);
    expect(versions[2]).toEqual({
      bucket: Bucket,
      key: 'acme/b',
      versionId: expect.any(String),
      uploadedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/u),
      sizeBytes: 6,
    });
  });

  test.each(['acme/a b+ü%.txt', 'acme/<&">\u0001', 'acme/😀//', "acme/!'()~*"])(
    'names %j as it is',
    async (key) => {
      const bucket = await bucketOf(key);
      const { versions } = await s3Listing(server.client(), bucket).page(undefined);
      expect(versions.map((version) => version.key)).toEqual([key]);
    },
  );

  test('goes on after a marker, page by page', async () => {
    const s3 = server.client();
    const keys = Array.from({ length: 5 }, (_, index) => `acme/ü ${index}`);
    const Bucket = await bucketOf(...keys, ...keys);
    s3.middlewareStack.add(
      (next) => async (args) => await next({ ...args, input: { ...args.input, MaxKeys: 3 } }),
      { step: 'initialize' },
    );
    const listed: ListedVersion[] = [];
    let [pages, marker]: [number, VersionMarker | undefined] = [0, undefined];
    do {
      const page = await s3Listing(s3, Bucket).page(marker);
      listed.push(...page.versions);
      marker = page.next;
      pages += 1;
    } while (marker !== undefined);
    expect(pages).toBe(4);
    expect(listed.map(({ key }) => key)).toEqual([...keys, ...keys].toSorted());
    expect(new Set(listed.map(({ versionId }) => versionId)).size).toBe(10);
  });

  test('of a bucket that is not there is a mistake of configuration', async () => {
    await expect(s3Listing(server.client(), 'no-such-bucket').page(undefined)).rejects.toMatchObject({
      code: 'ERR_STORAGE_MISCONFIGURED',
    });
  });
});
