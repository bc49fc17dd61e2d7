import { ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { s3Listing } from '../../shared/aws/s3-listing.ts';
import { purgeSome } from '../../shared/aws/s3-purge.ts';
import { ACME } from '../support/tenants.ts';
import { newBucket, startS3, type S3Server } from '../local/s3/s3-server.ts';

let server: S3Server;
beforeAll(async () => {
  server = await startS3();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

test('everything of a tenant goes, versions and delete markers, and nothing of anybody else', async () => {
  const s3 = server.client();
  const Bucket = await newBucket(s3, 'Enabled');
  const keys = ['acme/chunks/a', 'acme/chunks/a', 'acme/objects/ü + <&>', 'acme2/x', 'globex/acme/x'];
  for (const Key of keys) await s3.putObject({ Bucket, Key, Body: 'x' });
  await s3.deleteObject({ Bucket, Key: 'acme/chunks/a' });
  expect((await s3Listing(s3, Bucket).page(undefined, 'acme/')).versions).toHaveLength(3);
  expect(await purgeSome(s3, Bucket, ACME.tenantId)).toBe(4);
  expect(await purgeSome(s3, Bucket, ACME.tenantId)).toBe(0);
  const left = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  expect(left.Versions?.map(({ Key }) => Key)).toEqual(['acme2/x', 'globex/acme/x']);
  expect(left.DeleteMarkers ?? []).toEqual([]);
});
