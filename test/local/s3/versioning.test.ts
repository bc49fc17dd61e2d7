/** Versioning: enabled, suspended, never configured. */
import type { S3 } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newBucket, s3Target, type S3Target } from './s3-server.ts';

let target: S3Target;
let s3: S3;

beforeAll(async () => {
  target = await s3Target();
  s3 = target.client();
});
afterAll(async () => target[Symbol.asyncDispose]());

async function text(Bucket: string, VersionId?: string): Promise<string | undefined> {
  return (await s3.getObject({ Bucket, Key: 'k', VersionId })).Body?.transformToString();
}

test('every version stays readable by its id, and the newest is the object', async () => {
  const Bucket = await newBucket(s3, 'Enabled');
  const one = await s3.putObject({ Bucket, Key: 'k', Body: 'one' });
  const two = await s3.putObject({ Bucket, Key: 'k', Body: 'two' });
  expect(one.VersionId).not.toBe(two.VersionId);
  expect(await text(Bucket, one.VersionId)).toBe('one');
  expect(await text(Bucket)).toBe('two');
  const { Versions } = await s3.listObjectVersions({ Bucket });
  expect(Versions?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
    [two.VersionId, true],
    [one.VersionId, false],
  ]);
});

test('a delete puts a marker on top; removing the marker brings the object back', async () => {
  const Bucket = await newBucket(s3, 'Enabled');
  const { VersionId } = await s3.putObject({ Bucket, Key: 'k', Body: 'kept' });
  const marker = await s3.deleteObject({ Bucket, Key: 'k' });
  expect(marker.DeleteMarker).toBe(true);
  await expect(text(Bucket)).rejects.toMatchObject({
    name: 'NoSuchKey',
    $response: { headers: { 'x-amz-delete-marker': 'true' } },
  });
  await expect(text(Bucket, marker.VersionId)).rejects.toMatchObject({
    name: 'MethodNotAllowed',
    $metadata: { httpStatusCode: 405 },
  });
  expect(await text(Bucket, VersionId)).toBe('kept');
  expect((await s3.listObjectVersions({ Bucket })).DeleteMarkers).toHaveLength(1);
  const removed = await s3.deleteObject({ Bucket, Key: 'k', VersionId: marker.VersionId });
  expect([removed.DeleteMarker, removed.VersionId]).toEqual([true, marker.VersionId]);
  expect(await text(Bucket)).toBe('kept');
});

test('deleting the newest version by id uncovers the one before', async () => {
  const Bucket = await newBucket(s3, 'Enabled');
  await s3.putObject({ Bucket, Key: 'k', Body: 'one' });
  const { VersionId } = await s3.putObject({ Bucket, Key: 'k', Body: 'two' });
  await s3.deleteObject({ Bucket, Key: 'k', VersionId });
  expect(await text(Bucket)).toBe('one');
  await expect(text(Bucket, VersionId)).rejects.toMatchObject({ name: 'NoSuchVersion' });
});

test('a version id that never was one is InvalidArgument', async () => {
  const Bucket = await newBucket(s3, 'Enabled');
  await s3.putObject({ Bucket, Key: 'k', Body: 'x' });
  await expect(text(Bucket, 'nonsense')).rejects.toMatchObject({ name: 'InvalidArgument' });
});

test('while suspended, writes replace the null version and leave the others', async () => {
  const Bucket = await newBucket(s3);
  await s3.putObject({ Bucket, Key: 'k', Body: 'before' });
  await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: 'Enabled' } });
  expect(await text(Bucket, 'null')).toBe('before');
  const { VersionId } = await s3.putObject({ Bucket, Key: 'k', Body: 'versioned' });
  await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: 'Suspended' } });
  await s3.putObject({ Bucket, Key: 'k', Body: 'after' });
  expect([await text(Bucket), await text(Bucket, 'null'), await text(Bucket, VersionId)]).toEqual([
    'after',
    'after',
    'versioned',
  ]);
  const marker = await s3.deleteObject({ Bucket, Key: 'k' });
  expect([marker.VersionId, marker.DeleteMarker]).toEqual(['null', true]);
  const { Versions, DeleteMarkers } = await s3.listObjectVersions({ Bucket });
  expect([Versions?.map((version) => version.VersionId), DeleteMarkers?.length]).toEqual([[VersionId], 1]);
});

test('DeleteObjects reports markers, removals and refusals key by key', async () => {
  const Bucket = await newBucket(s3, 'Enabled');
  const { VersionId } = await s3.putObject({ Bucket, Key: 'k', Body: 'x' });
  const Objects = [{ Key: 'k' }, { Key: 'k', VersionId }, { Key: 'k', VersionId: 'nonsense' }];
  const { Deleted, Errors } = await s3.deleteObjects({ Bucket, Delete: { Objects } });
  expect(Deleted?.map(({ DeleteMarker, VersionId: id }) => [DeleteMarker, id])).toEqual([
    [true, undefined],
    [undefined, VersionId],
  ]);
  expect(Errors?.map(({ Code }) => Code)).toEqual(['InvalidArgument']);
});
