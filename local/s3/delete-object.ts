/**
 * DeleteObject, and the only way in which an object is deleted: a marker or a removal, with its notification, in
 * one transaction.
 */
import { inTransaction } from '../sqlite/database.ts';
import { authorize, existingTagContext } from './access.ts';
import { type AnswerHeaders, sendEmpty } from './answer.ts';
import type { Bucket } from './buckets.ts';
import type { S3Call } from './call.ts';
import { findBucket } from './find-bucket.ts';
import { versionIdOf } from './find-version.ts';
import { checkWrite, parseWriteCondition } from './preconditions.ts';
import type { Store } from './store.ts';
import type { Change } from './versions.ts';

export interface Deletion {
  readonly bucket: Bucket;
  readonly key: string;
  readonly versionId?: string;
}

/** The result of a delete, as both delete operations answer it. */
export interface Deleted {
  /** The id of the removed version, or of the new delete marker. */
  readonly versionId?: string;
  readonly isDeleteMarker: boolean;
}

export async function deleteObject(store: Store, call: S3Call): Promise<void> {
  const deletion = { bucket: findBucket(store, call), key: call.key, versionId: versionIdOf(call) };
  authorizeDeletion(store, call, deletion);
  sendEmpty(call.response, 204, deletedHeaders(applyDeletion(store, call, deletion)));
}

/** @throws AccessDenied */
export function authorizeDeletion(store: Store, call: S3Call, { bucket, key, versionId }: Deletion): void {
  const action = versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion';
  const version =
    versionId === undefined
      ? store.versions.latest(bucket.name, key)
      : store.versions.find(bucket.name, key, versionId);
  const tags = existingTagContext(version?.tags ?? []);
  const context = versionId === undefined ? tags : { ...tags, 's3:VersionId': versionId };
  authorize(store, call, { action, bucket, key, context });
}

/**
 * Deletes a version, or sets a delete marker. Deleting an object that does not exist succeeds.
 * @throws PreconditionFailed, or NoSuchKey for an If-Match
 */
export function applyDeletion(store: Store, call: S3Call, deletion: Deletion): Deleted {
  const condition = parseWriteCondition(call.headers);
  const { name } = deletion.bucket;
  const { change, deleted } = inTransaction(store.database, () => {
    checkWrite(condition, deletion.key, store.versions.latest(name, deletion.key));
    return remove(store, call, deletion);
  });
  for (const content of change.dropped) store.contents.drop(content);
  if (change.version !== undefined) store.pendingWrites.noteDelete(name, deletion.key);
  store.notifications.wake();
  return deleted;
}

function remove(store: Store, call: S3Call, deletion: Deletion): { change: Change; deleted: Deleted } {
  const { bucket, key, versionId } = deletion;
  const atMs = store.clock.now();
  if (versionId === undefined && bucket.versioning !== undefined) {
    const change = store.versions.mark(bucket, key, atMs);
    announce(store, call, deletion, change, atMs);
    return { change, deleted: { versionId: change.version.versionId, isDeleteMarker: true } };
  }
  const change = store.versions.remove(bucket.name, key, versionId ?? 'null');
  if (change.version !== undefined) announce(store, call, deletion, change, atMs);
  return { change, deleted: { versionId, isDeleteMarker: change.version?.isDeleteMarker === true } };
}

function announce(store: Store, call: S3Call, deletion: Deletion, { version }: Change, atMs: number): void {
  const { bucket, key, versionId } = deletion;
  const isMarking = versionId === undefined && bucket.versioning !== undefined;
  store.notifications.announce({
    kind: isMarking ? 'ObjectRemoved:DeleteMarkerCreated' : 'ObjectRemoved:Delete',
    bucket,
    key,
    versionId: bucket.versioning === 'Enabled' ? version?.versionId : undefined,
    sequence: store.nextSequence(),
    atMs,
    caller: call.caller,
  });
}

function deletedHeaders({ versionId, isDeleteMarker }: Deleted): AnswerHeaders {
  return {
    ...(versionId === undefined ? {} : { 'x-amz-version-id': versionId }),
    ...(isDeleteMarker ? { 'x-amz-delete-marker': 'true' } : {}),
  };
}
