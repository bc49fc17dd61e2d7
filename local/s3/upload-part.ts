/** UploadPart and UploadPartCopy. */
import { inTransaction } from '../sqlite/database.ts';
import { authorize } from './access.ts';
import {
  checksumHeaders,
  checksumMembers,
  ENCRYPTED,
  isoDate,
  quoted,
  sendEmpty,
  sendXml,
} from './answer.ts';
import { parseCopyRange } from './byte-range.ts';
import { requiredQuery, type S3Call } from './call.ts';
import { NO_CONTENT, type Segment } from './contents.ts';
import { digestContent, findCopySource, sourceVersionHeader } from './copy-source.ts';
import { entityTooLarge, invalidArgument, invalidRequest } from './errors.ts';
import { expectedDigests } from './expected-digests.ts';
import { findBucket } from './find-bucket.ts';
import { MAX_PAYLOAD_BYTES, openPayload } from './payload.ts';
import { receiveBody } from './receive-body.ts';
import type { Store } from './store.ts';
import type { Part, Upload } from './uploads.ts';

const MAX_PARTS = 10_000;

export async function uploadPart(store: Store, call: S3Call): Promise<void> {
  const { upload, number } = findUpload(store, call);
  assertAlgorithm(upload, call);
  const received = await receiveBody(store, openPayload(call, upload.plan.algorithm));
  const { segments, sizeBytes, md5, checksum } = received;
  const part = putPart(store, call, segments, { number, sizeBytes, etag: md5, checksum });
  const value = { ...part.checksum, type: upload.plan.type };
  const { 'x-amz-checksum-type': _type, ...headers } = checksumHeaders(value);
  sendEmpty(call.response, 200, { etag: quoted(part.etag), ...ENCRYPTED, ...headers });
}

export async function uploadPartCopy(store: Store, call: S3Call): Promise<void> {
  const { upload, number } = findUpload(store, call);
  const source = findCopySource(store, call);
  const { content, sizeBytes } = source.version;
  const range = parseCopyRange(call.headers['x-amz-copy-source-range'], sizeBytes);
  const bytes = range.end - range.begin;
  if (bytes > MAX_PAYLOAD_BYTES) throw entityTooLarge(MAX_PAYLOAD_BYTES);
  const release = store.contents.hold(content);
  try {
    const { md5, checksum } = await digestContent(store, { content, range }, upload.plan.algorithm);
    const segments = store.contents.segments(content, range);
    const part = putPart(store, call, segments, { number, sizeBytes: bytes, etag: md5, checksum });
    const { ChecksumType: _type, ...members } = checksumMembers(checksum);
    const result = { LastModified: isoDate(part.modifiedMs), ETag: quoted(md5), ...members };
    sendXml(call.response, 'CopyPartResult', result, { ...ENCRYPTED, ...sourceVersionHeader(source) });
  } finally {
    release();
  }
}

function findUpload(store: Store, call: S3Call): { upload: Upload; number: number } {
  const bucket = findBucket(store, call);
  authorize(store, call, { action: 's3:PutObject', bucket, key: call.key });
  const text = requiredQuery(call, 'partNumber');
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > MAX_PARTS)
    throw invalidArgument(
      'Part number must be an integer between 1 and 10000, inclusive',
      'partNumber',
      text,
    );
  return { upload: store.uploads.get(bucket.name, call.key, requiredQuery(call, 'uploadId')), number };
}

/**
 * @throws InvalidRequest for another algorithm than the one that the upload named, or for a part without the
 * checksum that a composite one needs
 */
function assertAlgorithm({ plan }: Upload, { headers }: S3Call): void {
  if (!plan.named) return;
  const sent = expectedDigests(headers).checksum?.algorithm;
  if (sent === plan.algorithm || (sent === undefined && plan.type === 'FULL_OBJECT')) return;
  throw invalidRequest(
    `Checksum Type mismatch occurred, expected checksum Type: ${plan.algorithm.toLowerCase()}, actual checksum Type: ${sent?.toLowerCase() ?? 'null'}`,
  );
}

/**
 * Stores a part.
 * @throws NoSuchUpload when the upload ended while the part arrived
 */
function putPart(
  store: Store,
  call: S3Call,
  segments: readonly Segment[],
  facts: Omit<Part, 'content' | 'modifiedMs'>,
): Part {
  try {
    const { part, replaced } = inTransaction(store.database, () => {
      const { uploadId } = store.uploads.get(call.bucket, call.key, requiredQuery(call, 'uploadId'));
      const content = segments.length === 0 ? NO_CONTENT : store.contents.create(segments);
      const made: Part = { ...facts, content, modifiedMs: store.clock.now() };
      return { part: made, replaced: store.uploads.putPart(uploadId, made) };
    });
    if (replaced !== undefined) store.contents.drop(replaced);
    return part;
  } catch (error) {
    store.contents.discard(segments);
    throw error;
  }
}
