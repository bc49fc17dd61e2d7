import { ListObjectVersionsCommand, type S3 } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { s3Listing } from '../../shared/aws/s3-listing.ts';
import { purgeSome } from '../../shared/aws/s3-purge.ts';
import type { VersionMarker } from '../../shared/ports/sources.ts';
import { newBucket, startS3, type S3Server } from '../local/s3/s3-server.ts';
import { denyingAuthorizer } from '../support/open-authorizer.ts';
import { ACME } from '../support/tenants.ts';

let server: S3Server;
let s3: S3;
let Bucket: string;
/** The keys that may not be deleted. */
let locked: readonly string[];
/** The keys that went to S3 in a document. */
let written: string[];
const isLocked = (resource: string): boolean => locked.some((key) => resource.endsWith(key));
beforeAll(async () => {
  const authorizer = denyingAuthorizer(
    ({ action, resource }) => action === 's3:DeleteObjectVersion' && isLocked(resource),
  );
  server = await startS3({ authorizer });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  locked = [];
  written = [];
  s3 = server.client();
  Bucket = await newBucket(s3, 'Enabled');
  s3.middlewareStack.add((next) => async (args) => {
    if ('Delete' in args.input)
      written.push(...(args.input.Delete?.Objects ?? []).map(({ Key = '' }) => Key));
    return await next(args);
  });
});

async function put(...keys: readonly string[]): Promise<void> {
  for (const Key of keys) await s3.putObject({ Bucket, Key, Body: 'x' });
}

/** Purges page by page, until a page has nothing. */
async function purge(): Promise<{ readonly deleted: number; readonly refused: readonly string[] }> {
  let deleted = 0;
  let after: VersionMarker | undefined;
  const refused: string[] = [];
  for (;;) {
    const page = await purgeSome(s3, Bucket, { tenantId: ACME.tenantId, after });
    if (page.versions === 0 && page.refused.length === 0) return { deleted, refused };
    deleted += page.versions;
    refused.push(...page.refused.map(({ key, code }) => `${key} ${code}`));
    after = page.refused.at(-1) ?? after;
  }
}

async function keysLeft(): Promise<readonly string[]> {
  const left = await s3.send(new ListObjectVersionsCommand({ Bucket, EncodingType: 'url' }));
  return [...(left.Versions ?? []), ...(left.DeleteMarkers ?? [])].map(({ Key = '' }) => Key);
}

test('everything of a tenant goes, versions and delete markers, and nothing of anybody else', async () => {
  await put('acme/chunks/a', 'acme/chunks/a', 'acme/objects/ü + <&>', 'acme2/x', 'globex/acme/x');
  await s3.deleteObject({ Bucket, Key: 'acme/chunks/a' });
  expect((await s3Listing(s3, Bucket).page(undefined, 'acme/')).versions).toHaveLength(3);
  expect(await purgeSome(s3, Bucket, ACME)).toEqual({ versions: 4, refused: [] });
  expect(await purgeSome(s3, Bucket, ACME)).toEqual({ versions: 0, refused: [] });
  expect(await keysLeft()).toEqual(['acme2/x', 'globex/acme/x']);
});

test('a name that no XML document can hold goes by itself, and stands in none', async () => {
  const unsayable = ['\u0001', '\u001f', '\u{fffe}', '\u{ffff}', 'a\rb', '\n', '\t', '\u0085', '\u2028'];
  const sayable = ['plain', 'ü + <&>"\'', '\u{e000}', '\u{fffd}', '😀', ' ', 'ends in a space '];
  await put(...[...unsayable, ...sayable].map((name) => `acme/objects/${name}`));
  expect(await purge()).toEqual({ deleted: unsayable.length + sayable.length, refused: [] });
  expect(new Set(written)).toEqual(new Set(sayable.map((name) => `acme/objects/${name}`)));
  expect(await keysLeft()).toEqual([]);
});

test('a version that S3 does not let go is passed over, with what S3 said, and the rest goes', async () => {
  await put('acme/a', 'acme/b', 'acme/b', 'acme/\u0001', 'acme/z');
  await s3.deleteObject({ Bucket, Key: 'acme/b' });
  locked = ['acme/b', 'acme/\u0001'];
  const { deleted, refused } = await purge();
  expect(deleted).toBe(2);
  expect(refused).toEqual([
    'acme/\u0001 AccessDenied',
    ...Array.from({ length: 3 }, () => 'acme/b AccessDenied'),
  ]);
  expect(await keysLeft()).toEqual(['acme/%01', 'acme/b', 'acme/b', 'acme/b']);
});

test('an outage is no refusal: it is tried again', async () => {
  await put('acme/a');
  s3.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      if ('Delete' in args.input) throw new Error('socket hang up');
      return answer;
    },
    { step: 'initialize' },
  );
  await expect(purgeSome(s3, Bucket, ACME)).rejects.toMatchObject({
    code: 'ERR_STORAGE_UNAVAILABLE',
  });
});
