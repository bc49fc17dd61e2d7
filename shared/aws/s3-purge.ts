/** Deletes what a tenant has in a bucket, versions and delete markers alike, for good. */
import { DeleteObjectsCommand, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import { decodeFormKey } from '../chunk/upload.ts';
import { StorageUnavailableError } from '../errors.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { storing } from './storage-failure.ts';

/** Deletes up to 1,000 versions below `{tenantId}/`. Returns how many; 0 when nothing is left. */
export async function purgeSome(s3: S3Client, bucket: string, tenantId: TenantId): Promise<number> {
  const versions = await storing(
    's3:ListBucketVersions',
    async () => await someVersions(s3, bucket, `${tenantId}/`),
  );
  if (versions.length === 0) return 0;
  const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: versions, Quiet: true } });
  const { Errors = [] } = await storing('s3:DeleteObjectVersion', async () => await s3.send(command));
  if (Errors.length > 0)
    throw new StorageUnavailableError(
      `s3:DeleteObjectVersion answered ${Errors[0]?.Code ?? 'an error'} for ${Errors.length} versions`,
    );
  return versions.length;
}

async function someVersions(
  s3: S3Client,
  bucket: string,
  prefix: string,
): Promise<{ readonly Key: string; readonly VersionId: string }[]> {
  const command = new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, EncodingType: 'url' });
  const { Versions = [], DeleteMarkers = [] } = await s3.send(command);
  return [...Versions, ...DeleteMarkers].map(({ Key = '', VersionId = '' }) => ({
    Key: decodeFormKey(Key),
    VersionId,
  }));
}
