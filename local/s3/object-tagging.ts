/** GetObjectTagging, PutObjectTagging, DeleteObjectTagging. */
import { type Access, requestTagContext } from './access.ts';
import { type AnswerHeaders, sendEmpty, sendXml } from './answer.ts';
import type { Bucket } from './buckets.ts';
import type { S3Call } from './call.ts';
import { findBucket } from './find-bucket.ts';
import { findVersion, versionIdOf } from './find-version.ts';
import { readDocument } from './payload.ts';
import type { Store } from './store.ts';
import { parseTagging, taggingContent } from './tags.ts';
import type { Version } from './version.ts';

export function getObjectTagging(store: Store, call: S3Call): void {
  const { bucket, version } = find(store, call, 'Get');
  sendXml(call.response, 'Tagging', taggingContent(version.tags), versionHeader(bucket, version));
}

export async function putObjectTagging(store: Store, call: S3Call): Promise<void> {
  const tags = parseTagging(await readDocument(call));
  const { bucket, version } = find(store, call, 'Put', requestTagContext(tags));
  store.versions.setTags(version, tags);
  sendEmpty(call.response, 200, versionHeader(bucket, version));
}

export function deleteObjectTagging(store: Store, call: S3Call): void {
  const { bucket, version } = find(store, call, 'Delete');
  store.versions.setTags(version, []);
  sendEmpty(call.response, 204, versionHeader(bucket, version));
}

function find(
  store: Store,
  call: S3Call,
  verb: string,
  context: Access['context'] = {},
): { bucket: Bucket; version: Version } {
  const bucket = findBucket(store, call);
  const actions = { latest: `s3:${verb}ObjectTagging`, byId: `s3:${verb}ObjectVersionTagging` };
  const version = findVersion(store, call, {
    bucket,
    key: call.key,
    versionId: versionIdOf(call),
    actions,
    context,
  });
  return { bucket, version };
}

function versionHeader({ versioning }: Bucket, { versionId }: Version): AnswerHeaders {
  return versioning === undefined ? {} : { 'x-amz-version-id': versionId };
}
