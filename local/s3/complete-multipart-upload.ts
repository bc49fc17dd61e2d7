/** CompleteMultipartUpload: the segments of the parts become those of the object; no byte is copied. */
import { createHash } from 'node:crypto';
import { authorize } from './access.ts';
import { checksumMembers, ENCRYPTED, quoted, sendXml, writtenVersionHeader } from './answer.ts';
import { requiredQuery, type S3Call } from './call.ts';
import { type Checksum, checksumHeader, combineChecksums } from './checksum.ts';
import { type CompletedPart, parseCompletedParts, selectParts } from './completed-parts.ts';
import { badDigest, invalidRequest } from './errors.ts';
import { findBucket } from './find-bucket.ts';
import { readDocument } from './payload.ts';
import type { Store } from './store.ts';
import type { Part, Upload } from './uploads.ts';
import { type ObjectWrite, writeConditionally } from './write-object.ts';

export async function completeMultipartUpload(store: Store, call: S3Call): Promise<void> {
  const bucket = findBucket(store, call);
  authorize(store, call, { action: 's3:PutObject', bucket, key: call.key });
  const uploadId = requiredQuery(call, 'uploadId');
  store.uploads.get(bucket.name, call.key, uploadId);
  const completed = parseCompletedParts(await readDocument(withoutObjectChecksum(call)));
  const written = await writeConditionally(store, call, async () =>
    assemble(store, call, uploadId, completed),
  );
  const content = {
    Location: `http://${call.headers['host'] ?? 'localhost'}/${bucket.name}/${encodeURIComponent(call.key)}`,
    Bucket: bucket.name,
    Key: call.key,
    ETag: quoted(written.etag),
    ...checksumMembers(written.attributes.checksum),
  };
  const headers = { ...ENCRYPTED, ...writtenVersionHeader(bucket, written.versionId) };
  sendXml(call.response, 'CompleteMultipartUploadResult', content, headers);
}

/** Makes the object of the parts. The upload may have ended while the list of its parts arrived. */
function assemble(
  store: Store,
  call: S3Call,
  uploadId: string,
  completed: readonly CompletedPart[],
): ObjectWrite {
  const upload = store.uploads.get(call.bucket, call.key, uploadId);
  const parts = selectParts(completed, store.uploads.parts(uploadId, 0, -1), upload.plan);
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  assertSize(call, sizeBytes);
  const attributes = { ...upload.attributes, checksum: checksumOf(call, upload, parts) };
  return {
    segments: parts.flatMap((part) =>
      store.contents.segments(part.content, { begin: 0, end: part.sizeBytes }),
    ),
    version: { sizeBytes, etag: etagOf(parts), attributes, tags: upload.tags },
    kind: 'ObjectCreated:CompleteMultipartUpload',
    alsoWrite: () => store.uploads.remove(uploadId),
  };
}

/** Returns the call without checksum headers. Here they are the object's, not those of the document that is sent. */
function withoutObjectChecksum(call: S3Call): S3Call {
  const own = Object.entries(call.headers).filter(([name]) => !name.startsWith('x-amz-checksum-'));
  return { ...call, headers: Object.fromEntries(own) };
}

function assertSize({ headers }: S3Call, sizeBytes: number): void {
  const expected = headers['x-amz-mp-object-size'];
  if (expected !== undefined && Number(expected) !== sizeBytes)
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${expected} does not match what was computed: ${sizeBytes}`,
    );
}

/** Returns the MD5 of the parts' MD5s, and the number of parts. */
function etagOf(parts: readonly Part[]): string {
  const md5 = createHash('md5');
  for (const { etag } of parts) md5.update(etag, 'hex');
  return `${md5.digest('hex')}-${parts.length}`;
}

function checksumOf({ headers }: S3Call, { plan }: Upload, parts: readonly Part[]): Checksum {
  const { algorithm, type } = plan;
  const expectedType = headers['x-amz-checksum-type'];
  if (expectedType !== undefined && expectedType !== type)
    throw invalidRequest(
      `The upload was created using the ${type} checksum mode. The complete request must use the same checksum mode.`,
    );
  const values = parts.map(({ checksum, sizeBytes }) => ({ value: checksum.value, sizeBytes }));
  const checksum = combineChecksums(algorithm, type, values);
  const expected = headers[checksumHeader(algorithm)];
  if (
    expected !== undefined &&
    expected !== checksum.value &&
    expected !== checksum.value.replace(/-\d+$/, '')
  )
    throw badDigest(algorithm);
  return checksum;
}
