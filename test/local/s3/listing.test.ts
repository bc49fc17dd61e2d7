/** ListObjectsV2 and ListObjectVersions: order, prefixes, delimiters, pages. */
import type { S3 } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newBucket, s3Target, type S3Target } from './s3-server.ts';

let target: S3Target;
let s3: S3;
let Bucket: string;

/** Keys in the order of their UTF-8 bytes. The last two have another order in JavaScript. */
const keys = ['a', 'a/', 'a/b', 'a/b/c', 'a0', 'b/x', 'b/y', 'z z+ü', '\uFFFD', '😀'];

beforeAll(async () => {
  target = await s3Target();
  s3 = target.client();
  Bucket = await newBucket(s3, 'Enabled');
  for (const Key of keys.toReversed()) await s3.putObject({ Bucket, Key, Body: Key });
  await s3.putObject({ Bucket, Key: 'a/deleted', Body: 'x' });
  await s3.deleteObject({ Bucket, Key: 'a/deleted' });
});
afterAll(async () => target[Symbol.asyncDispose]());

interface Shown {
  readonly keys: readonly (string | undefined)[];
  readonly prefixes: readonly (string | undefined)[];
}

async function list(request: Partial<Parameters<S3['listObjectsV2']>[0]> = {}): Promise<Shown> {
  const { Contents = [], CommonPrefixes = [] } = await s3.listObjectsV2({ Bucket, ...request });
  return { keys: Contents.map(({ Key }) => Key), prefixes: CommonPrefixes.map(({ Prefix }) => Prefix) };
}

test('keys come in the order of their UTF-8 bytes, without deleted ones', async () => {
  expect((await list()).keys).toEqual(keys);
});

test('a delimiter rolls keys up, within a prefix too', async () => {
  expect(await list({ Delimiter: '/' })).toEqual({
    keys: ['a', 'a0', 'z z+ü', '\uFFFD', '😀'],
    prefixes: ['a/', 'b/'],
  });
  expect(await list({ Delimiter: '/', Prefix: 'a/' })).toEqual({ keys: ['a/', 'a/b'], prefixes: ['a/b/'] });
});

test.each([1, 2, 3, 10])('pages of %i show everything once', async (MaxKeys) => {
  for (const Delimiter of [undefined, '/']) {
    const shown: (string | undefined)[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.listObjectsV2({ Bucket, MaxKeys, Delimiter, ContinuationToken });
      const entries = [
        ...(page.Contents ?? []).map(({ Key }) => Key),
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      ];
      expect(page.KeyCount).toBe(entries.length);
      expect(entries.length).toBeLessThanOrEqual(MaxKeys);
      shown.push(...entries);
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    const all = await list({ Delimiter });
    expect(shown).toHaveLength(all.keys.length + all.prefixes.length);
    expect(new Set(shown)).toEqual(new Set([...all.keys, ...all.prefixes]));
  }
});

test('start-after leaves out what is not behind it', async () => {
  expect((await list({ StartAfter: 'a/b' })).keys).toEqual(keys.slice(3));
  expect(await list({ StartAfter: 'a/', Delimiter: '/' })).toEqual({
    keys: ['a0', 'z z+ü', '\uFFFD', '😀'],
    prefixes: ['b/'],
  });
});

test('no keys at all are asked for and shown', async () => {
  const page = await s3.listObjectsV2({ Bucket, MaxKeys: 0 });
  expect([page.KeyCount, page.IsTruncated]).toEqual([0, false]);
});

test('encoding-type=url form-encodes keys and leaves the slash', async () => {
  expect(await list({ Prefix: 'z', EncodingType: 'url' })).toEqual({ keys: ['z+z%2B%C3%BC'], prefixes: [] });
});

test('a continuation token of no listing is InvalidArgument', async () => {
  await expect(list({ ContinuationToken: '%' })).rejects.toMatchObject({ name: 'InvalidArgument' });
});

test.each([1, 2, 5])(
  'versions in pages of %i show everything once, by key and newest first',
  async (MaxKeys) => {
    const versioned = await newBucket(s3, 'Enabled');
    const expected: string[] = [];
    for (const Key of ['k', 'l/1', 'l/2', 'm']) {
      const ids = [
        await s3.putObject({ Bucket: versioned, Key, Body: '1' }),
        await s3.putObject({ Bucket: versioned, Key, Body: '2' }),
      ];
      expected.push(...ids.toReversed().map(({ VersionId }) => `${Key} ${VersionId}`));
    }
    const shown: string[] = [];
    let markers: { KeyMarker?: string; VersionIdMarker?: string } = {};
    do {
      const page = await s3.listObjectVersions({ Bucket: versioned, MaxKeys, ...markers });
      shown.push(...(page.Versions ?? []).map(({ Key, VersionId }) => `${Key} ${VersionId}`));
      markers = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
    } while (markers.KeyMarker !== undefined);
    expect(shown).toEqual(expected);
  },
);

test('a page of versions that ends in a common prefix goes on behind it', async () => {
  const page = await s3.listObjectVersions({ Bucket, Delimiter: '/', MaxKeys: 2 });
  expect(page.NextKeyMarker).toBe('a/');
  const next = await s3.listObjectVersions({
    Bucket,
    Delimiter: '/',
    MaxKeys: 2,
    KeyMarker: page.NextKeyMarker,
  });
  expect([next.Versions?.map(({ Key }) => Key), next.CommonPrefixes]).toEqual([['a0'], [{ Prefix: 'b/' }]]);
});
