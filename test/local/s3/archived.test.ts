/** Objects in an archive: everything but their bytes can be read. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newBucket, type S3Server, startS3 } from './s3-server.ts';

let server: S3Server;
beforeAll(async () => {
  server = await startS3();
});
afterAll(async () => server[Symbol.asyncDispose]());

test.each(['GLACIER', 'DEEP_ARCHIVE'] as const)(
  'an object in %s is described, not read',
  async (StorageClass) => {
    const s3 = server.client();
    const Bucket = await newBucket(s3, 'Enabled');
    const put = { Bucket, Key: 'k', Body: 'x', StorageClass, Metadata: { a: 'b' } };
    const { VersionId } = await s3.putObject(put);
    expect(await s3.headObject({ Bucket, Key: 'k', VersionId })).toMatchObject({
      StorageClass,
      Metadata: { a: 'b' },
      ContentLength: 1,
    });
    await expect(s3.getObject({ Bucket, Key: 'k' })).rejects.toMatchObject({
      name: 'InvalidObjectState',
      StorageClass,
      $metadata: { httpStatusCode: 403 },
    });
    await expect(s3.copyObject({ Bucket, Key: 'c', CopySource: `${Bucket}/k` })).rejects.toMatchObject({
      name: 'ObjectNotInActiveTierError',
    });
    expect((await s3.listObjectsV2({ Bucket })).Contents?.[0]).toMatchObject({ StorageClass });
    await s3.deleteObject({ Bucket, Key: 'k', VersionId });
  },
);

test('an upload in parts and a copy end in the class they name; what names none answers none', async () => {
  const s3 = server.client();
  const Bucket = await newBucket(s3);
  await s3.putObject({ Bucket, Key: 'standard', Body: 'x', StorageClass: 'STANDARD' });
  expect((await s3.headObject({ Bucket, Key: 'standard' })).StorageClass).toBeUndefined();
  await s3.copyObject({ Bucket, Key: 'copy', CopySource: `${Bucket}/standard`, StorageClass: 'GLACIER' });
  expect((await s3.headObject({ Bucket, Key: 'copy' })).StorageClass).toBe('GLACIER');
  const Key = 'parts';
  const { UploadId } = await s3.createMultipartUpload({ Bucket, Key, StorageClass: 'GLACIER' });
  const { ETag } = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 1, Body: 'x' });
  const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] };
  await s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload });
  await expect(s3.getObject({ Bucket, Key })).rejects.toMatchObject({ name: 'InvalidObjectState' });
});
