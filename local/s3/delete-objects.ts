/** DeleteObjects: up to 1,000 keys, each with an outcome of its own. */
import { AwsError } from '../front/service.ts';
import { sendXml } from './answer.ts';
import type { Bucket } from './buckets.ts';
import { assertKeyLength, type S3Call } from './call.ts';
import { applyDeletion, authorizeDeletion } from './delete-object.ts';
import { invalidRequest, malformedXml, notImplemented } from './errors.ts';
import { expectedDigests } from './expected-digests.ts';
import { findBucket } from './find-bucket.ts';
import { assertVersionId } from './find-version.ts';
import { readDocument } from './payload.ts';
import type { Store } from './store.ts';
import { elementNames, elements, parseXml, requiredText, textOf, type XmlContent } from './xml.ts';

const MAX_KEYS = 1000;
const MEMBERS = new Set(['Key', 'VersionId']);

interface Entry {
  readonly key: string;
  readonly versionId?: string;
}

export async function deleteObjects(store: Store, call: S3Call): Promise<void> {
  const bucket = findBucket(store, call);
  const { md5, checksum } = expectedDigests(call.headers);
  if (md5 === undefined && checksum === undefined)
    throw invalidRequest('Missing required header for this request: Content-MD5 OR x-amz-checksum-*');
  const document = parseXml(await readDocument(call), 'Delete');
  const entries = elements(document, 'Object');
  if (entries.length === 0 || entries.length > MAX_KEYS) throw malformedXml();
  for (const entry of entries) assertPlain(elementNames(entry));
  const isQuiet = textOf(document, 'Quiet') === 'true';
  const outcomes = entries
    .map((entry) => ({ key: requiredText(entry, 'Key'), versionId: textOf(entry, 'VersionId') }))
    .map((entry) => outcomeOf(store, call, bucket, entry));
  sendXml(call.response, 'DeleteResult', {
    Deleted: isQuiet ? [] : outcomes.flatMap(({ deleted }) => deleted ?? []),
    Error: outcomes.flatMap(({ error }) => error ?? []),
  });
}

/** @throws NotImplemented for ETag, Size and LastModifiedTime, which would make a deletion conditional */
function assertPlain(names: readonly string[]): void {
  const condition = names.find((name) => !MEMBERS.has(name));
  if (condition !== undefined) throw notImplemented(condition);
}

function outcomeOf(
  store: Store,
  call: S3Call,
  bucket: Bucket,
  { key, versionId }: Entry,
): { deleted?: XmlContent; error?: XmlContent } {
  try {
    assertKeyLength(key);
    if (versionId !== undefined) assertVersionId(versionId);
    const deletion = { bucket, key, versionId };
    authorizeDeletion(store, call, deletion);
    const deleted = applyDeletion(store, call, deletion);
    const marker = deleted.isDeleteMarker
      ? { DeleteMarker: true, DeleteMarkerVersionId: deleted.versionId }
      : {};
    return { deleted: { Key: key, VersionId: versionId, ...marker } };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { error: { Key: key, VersionId: versionId, Code: error.code, Message: error.message } };
  }
}
