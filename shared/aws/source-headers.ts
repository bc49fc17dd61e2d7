/** The description of an upload by the headers that S3 answers of it. */
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import type { SourceChecksum } from '../object/attributes.ts';
import type { SourceDescription } from '../ports/sources.ts';

/** The headers of a version, which a GET of all of it answers as a HEAD does. */
export type SourceHeaders = Omit<GetObjectCommandOutput, 'Body'>;

export function descriptionOf(
  headers: SourceHeaders,
  tags: Readonly<Record<string, string>>,
): SourceDescription {
  return {
    modifiedAt: headers.LastModified?.toISOString(),
    attributes: {
      contentType: headers.ContentType,
      cacheControl: headers.CacheControl,
      contentDisposition: headers.ContentDisposition,
      contentEncoding: headers.ContentEncoding,
      contentLanguage: headers.ContentLanguage,
      expires: headers.ExpiresString,
      metadata: headers.Metadata ?? {},
      tags,
    },
    checksums: checksumsOf(headers),
  };
}

function checksumsOf(headers: SourceHeaders): readonly SourceChecksum[] {
  const type = headers.ChecksumType ?? 'FULL_OBJECT';
  const held = [
    ['CRC32', headers.ChecksumCRC32],
    ['CRC32C', headers.ChecksumCRC32C],
    ['CRC64NVME', headers.ChecksumCRC64NVME],
    ['SHA1', headers.ChecksumSHA1],
    ['SHA256', headers.ChecksumSHA256],
  ] as const;
  return held.flatMap(([algorithm, value]) => (value === undefined ? [] : [{ algorithm, type, value }]));
}
