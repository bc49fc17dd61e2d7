/** CopyObject: the new object shares the source's bytes. They are read only when a digest is not known yet. */
import { authorize, existingTagContext, requestTagContext } from './access.ts';
import { checksumMembers, ENCRYPTED, isoDate, quoted, sendXml, writtenVersionHeader } from './answer.ts';
import type { Bucket } from './buckets.ts';
import type { S3Call } from './call.ts';
import { type Checksum, DEFAULT_ALGORITHM } from './checksum.ts';
import { type CopySource, digestContent, findCopySource, sourceVersionHeader } from './copy-source.ts';
import { invalidArgument, invalidRequest } from './errors.ts';
import { parseAlgorithm } from './expected-digests.ts';
import { findBucket } from './find-bucket.ts';
import { readObjectHeaders } from './object-headers.ts';
import { MAX_PAYLOAD_BYTES } from './payload.ts';
import { storageClassHeader } from './storage-class.ts';
import type { Store } from './store.ts';
import { parseTaggingHeader, type Tags } from './tags.ts';
import { type ObjectWrite, writeConditionally } from './write-object.ts';

type Directive = 'COPY' | 'REPLACE';

export async function copyObject(store: Store, call: S3Call): Promise<void> {
  const bucket = findBucket(store, call);
  const source = findCopySource(store, call);
  const tags = tagsOf(store, call, source);
  authorizeDestination(store, call, bucket, tags);
  assertChanges(call, source);
  const release = store.contents.hold(source.version.content);
  try {
    const written = await writeConditionally(store, call, async () => duplicate(store, call, source, tags));
    const { etag, modifiedMs, attributes, versionId } = written;
    const content = {
      LastModified: isoDate(modifiedMs),
      ETag: quoted(etag),
      ...checksumMembers(attributes.checksum),
    };
    const headers = {
      ...ENCRYPTED,
      ...sourceVersionHeader(source),
      ...writtenVersionHeader(bucket, versionId),
    };
    sendXml(call.response, 'CopyObjectResult', content, headers);
  } finally {
    release();
  }
}

async function duplicate(store: Store, call: S3Call, source: CopySource, tags: Tags): Promise<ObjectWrite> {
  const { content, sizeBytes, attributes } = source.version;
  const isReplacing = directive(call, 'x-amz-metadata-directive') === 'REPLACE';
  const { headers, metadata } = isReplacing ? readObjectHeaders(call.headers) : attributes;
  const ownHeaders = { ...headers, ...storageClassHeader(call.headers) };
  const { etag, checksum } = await digestsOf(store, call, source);
  return {
    segments: store.contents.segments(content, { begin: 0, end: sizeBytes }),
    version: { sizeBytes, etag, attributes: { headers: ownHeaders, metadata, checksum }, tags },
    kind: 'ObjectCreated:Copy',
  };
}

function directive({ headers }: S3Call, name: string): Directive {
  const value = headers[name] ?? 'COPY';
  if (value === 'COPY' || value === 'REPLACE') return value;
  throw invalidArgument(
    `Unknown ${name.includes('tagging') ? 'tagging' : 'metadata'} directive.`,
    name,
    value,
  );
}

/** Returns the tags of the copy. Copying them needs the permission to read them. */
function tagsOf(store: Store, call: S3Call, { bucket, version, versionId }: CopySource): Tags {
  if (directive(call, 'x-amz-tagging-directive') === 'REPLACE')
    return parseTaggingHeader(call.headers['x-amz-tagging']);
  if (version.tags.length === 0) return [];
  const action = versionId === undefined ? 's3:GetObjectTagging' : 's3:GetObjectVersionTagging';
  authorize(store, call, { action, bucket, key: version.key, context: existingTagContext(version.tags) });
  return version.tags;
}

function authorizeDestination(store: Store, call: S3Call, bucket: Bucket, tags: Tags): void {
  const access = { bucket, key: call.key, context: requestTagContext(tags) };
  authorize(store, call, { ...access, action: 's3:PutObject' });
  if (tags.length > 0) authorize(store, call, { ...access, action: 's3:PutObjectTagging' });
}

function assertChanges(call: S3Call, { bucket, version, versionId }: CopySource): void {
  if (version.sizeBytes > MAX_PAYLOAD_BYTES)
    throw invalidRequest(
      `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_PAYLOAD_BYTES}`,
    );
  const isItself = bucket.name === call.bucket && version.key === call.key && versionId === undefined;
  if (isItself && directive(call, 'x-amz-metadata-directive') === 'COPY')
    throw invalidRequest(
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
}

/**
 * Returns the digests of the copy. It is an object of one part, so the digests of a source with several parts must
 * be computed over its bytes.
 */
async function digestsOf(
  store: Store,
  call: S3Call,
  { version }: CopySource,
): Promise<{ etag: string; checksum: Checksum }> {
  const asked = call.headers['x-amz-checksum-algorithm'];
  const known = version.attributes.checksum;
  const algorithm = asked === undefined ? (known?.algorithm ?? DEFAULT_ALGORITHM) : parseAlgorithm(asked);
  const isKnown = known?.algorithm === algorithm && known.type === 'FULL_OBJECT';
  if (isKnown && !version.etag.includes('-')) return { etag: version.etag, checksum: known };
  const range = { begin: 0, end: version.sizeBytes };
  const { md5, checksum } = await digestContent(store, { content: version.content, range }, algorithm);
  return { etag: md5, checksum };
}
