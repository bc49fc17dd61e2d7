/** GetObject and HeadObject, which differ only in the body. */
import { pipeline } from 'node:stream/promises';
import { isAllowed } from './access.ts';
import { type AnswerHeaders, checksumHeaders, ENCRYPTED, httpDate, quoted, sendEmpty } from './answer.ts';
import type { Bucket } from './buckets.ts';
import { parseRange } from './byte-range.ts';
import type { S3Call } from './call.ts';
import type { Range } from './contents.ts';
import { findBucket } from './find-bucket.ts';
import { findVersion, versionIdOf } from './find-version.ts';
import { writtenObjectHeaders } from './object-headers.ts';
import { checkRead } from './preconditions.ts';
import { assertReadable } from './storage-class.ts';
import type { Store } from './store.ts';
import type { Version } from './version.ts';

const ACTIONS = { latest: 's3:GetObject', byId: 's3:GetObjectVersion' };
/** The largest content that is answered in one piece. A pipeline would cost several times as much. */
const SMALL_BYTES = 64 * 1024;

const TAGGING = { latest: 's3:GetObjectTagging', byId: 's3:GetObjectVersionTagging' };

export async function getObject(store: Store, call: S3Call): Promise<void> {
  const bucket = findBucket(store, call);
  const versionId = versionIdOf(call);
  const version = findVersion(store, call, { bucket, key: call.key, versionId, actions: ACTIONS });
  if (call.operation === 'GetObject') assertReadable(version.attributes.headers);
  const validators = validatorHeaders(bucket, version);
  if (checkRead(call.headers, version) === 'not-modified') return sendEmpty(call.response, 304, validators);
  const range = parseRange(call.headers['range'], version.sizeBytes);
  const tagCount = mayCountTags(store, call, bucket) ? version.tags.length : 0;
  call.response.writeHead(range === undefined ? 200 : 206, {
    ...writtenObjectHeaders(version.attributes, call.query),
    ...validators,
    ...ENCRYPTED,
    ...(tagCount > 0 ? { 'x-amz-tagging-count': tagCount } : {}),
    ...rangeHeaders(version, range),
    ...(asksChecksum(call) && range === undefined ? checksumHeaders(version.attributes.checksum) : {}),
  });
  if (call.operation === 'HeadObject') return void call.response.end();
  await sendBytes(store, call, version.content, range ?? { begin: 0, end: version.sizeBytes });
}

function validatorHeaders({ versioning }: Bucket, { etag, modifiedMs, versionId }: Version): AnswerHeaders {
  const dated = { etag: quoted(etag), 'last-modified': httpDate(modifiedMs) };
  return versioning === undefined ? dated : { ...dated, 'x-amz-version-id': versionId };
}

function rangeHeaders({ sizeBytes }: Version, range: Range | undefined): AnswerHeaders {
  const accepts = { 'accept-ranges': 'bytes' };
  if (range === undefined) return { ...accepts, 'content-length': sizeBytes };
  const { begin, end } = range;
  return {
    ...accepts,
    'content-length': end - begin,
    'content-range': `bytes ${begin}-${end - 1}/${sizeBytes}`,
  };
}

/** True when the caller may read the tags and may therefore learn their number. */
function mayCountTags(store: Store, call: S3Call, bucket: Bucket): boolean {
  const action = call.query.has('versionId') ? TAGGING.byId : TAGGING.latest;
  return isAllowed(store, call, { action, bucket, key: call.key });
}

function asksChecksum({ headers }: S3Call): boolean {
  return headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED';
}

async function sendBytes(
  { contents }: Store,
  { response }: S3Call,
  content: number,
  range: Range,
): Promise<void> {
  const release = contents.hold(content);
  try {
    const bytes = contents.read(content, range);
    if (range.end - range.begin <= SMALL_BYTES) response.end(await joined(bytes));
    else await pipeline(bytes, response);
  } catch (error) {
    // A reader that has enough hangs up, and nobody waits for an answer.
    if (!isHangUp(error)) throw error;
  } finally {
    release();
  }
}

/** Precondition: the bytes are small, so that no buffer of theirs is used twice. */
async function joined(bytes: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}

function isHangUp(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && /PREMATURE_CLOSE|ECONNRESET|EPIPE/.test(String(error.code))
  );
}
