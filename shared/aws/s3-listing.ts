/** The ingest bucket page by page. Keys come form-encoded, because XML cannot hold every key that S3 takes. */
import { ListObjectVersionsCommand, type ObjectVersion, type S3Client } from '@aws-sdk/client-s3';
import { decodeFormKey } from '../object/source-version.ts';
import type { ListedVersion, SourceListing, VersionMarker, VersionPage } from '../ports/sources.ts';
import { mapStorageFailure } from './storage-failure.ts';

export function s3Listing(s3: S3Client, bucket: string): SourceListing {
  return {
    page: async (marker, prefix) =>
      await mapStorageFailure(
        's3:ListBucketVersions',
        async () => await readPage(s3, { bucket, marker, prefix }),
        bucket,
      ),
  };
}

interface PageRequest {
  readonly bucket: string;
  readonly marker: VersionMarker | undefined;
  readonly prefix: string | undefined;
}

async function readPage(s3: S3Client, { bucket, marker, prefix }: PageRequest): Promise<VersionPage> {
  const answer = await s3.send(
    new ListObjectVersionsCommand({
      Bucket: bucket,
      EncodingType: 'url',
      Prefix: prefix,
      KeyMarker: marker?.key,
      VersionIdMarker: marker?.versionId,
    }),
  );
  const { Versions = [], NextKeyMarker = '', NextVersionIdMarker = '' } = answer;
  return {
    versions: Versions.map((version) => listed(bucket, version)),
    next:
      answer.IsTruncated === true
        ? { key: decodeFormKey(NextKeyMarker), versionId: NextVersionIdMarker }
        : undefined,
  };
}

/**
 * Returns one version of the listing. S3 always gives every member, although the SDK's types say that each may be
 * missing.
 */
function listed(
  bucket: string,
  { Key = '', VersionId = '', Size = 0, LastModified = new Date(0) }: ObjectVersion,
): ListedVersion {
  return {
    bucket,
    key: decodeFormKey(Key),
    versionId: VersionId,
    uploadedAt: LastModified.toISOString(),
    sizeBytes: Size,
  };
}
