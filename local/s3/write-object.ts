/** The only way in which an object is written: condition, version and notification, all in one transaction. */
import { inTransaction } from '../sqlite/database.ts';
import { authorize } from './access.ts';
import type { Bucket } from './buckets.ts';
import type { S3Call } from './call.ts';
import { NO_CONTENT, type Segment } from './contents.ts';
import { findBucket } from './find-bucket.ts';
import type { ChangeKind } from './notification-event.ts';
import { checkConflict, checkWrite, parseWriteCondition } from './preconditions.ts';
import type { Store } from './store.ts';
import type { NewVersion, Version } from './version.ts';
import type { Written } from './versions.ts';

export interface ObjectWrite {
  /** The segments of bodies, which are copied into a content of the object's own. */
  readonly segments: readonly Segment[];
  readonly version: Omit<NewVersion, 'content' | 'modifiedMs'>;
  readonly kind: ChangeKind;
  /** Makes further changes to the index that belong to the write. Returns the contents that are to be dropped. */
  alsoWrite?(): readonly number[];
}

/**
 * Runs `receive` between an early check of the call's write condition and the write itself, which checks it again.
 * A caller that states an ETag learns whether the object has it, so S3 demands the permission to read the object
 * too.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 * @throws AccessDenied, PreconditionFailed, NoSuchKey, or ConditionalRequestConflict
 */
export async function writeConditionally(
  store: Store,
  call: S3Call,
  receive: () => Promise<ObjectWrite>,
): Promise<Version> {
  const condition = parseWriteCondition(call.headers);
  if (condition.kind === 'matches')
    authorize(store, call, { action: 's3:GetObject', bucket: findBucket(store, call), key: call.key });
  checkWrite(condition, call.key, store.versions.latest(call.bucket, call.key));
  const pending = store.pendingWrites.begin(call.bucket, call.key);
  try {
    const write = await receive();
    return tryCommit(store, call, write, () => {
      checkConflict(condition, call.key, pending.deletedMeanwhile());
      checkWrite(condition, call.key, store.versions.latest(call.bucket, call.key));
    });
  } finally {
    pending.end();
  }
}

function tryCommit(store: Store, call: S3Call, write: ObjectWrite, check: () => void): Version {
  try {
    return commit(store, call, write, check);
  } catch (error) {
    store.contents.discard(write.segments);
    throw error;
  }
}

function commit(store: Store, call: S3Call, write: ObjectWrite, check: () => void): Version {
  const { dropped, version } = inTransaction(store.database, () => {
    // The bucket may have changed or been deleted while the body arrived.
    const bucket = store.buckets.get(call.bucket);
    check();
    const left = write.alsoWrite?.() ?? [];
    const written = add(store, call, bucket, write);
    return { ...written, dropped: [...written.dropped, ...left] };
  });
  for (const content of dropped) store.contents.drop(content);
  store.notifications.wake();
  return version;
}

function add(store: Store, call: S3Call, bucket: Bucket, write: ObjectWrite): Written {
  const content = write.segments.length === 0 ? NO_CONTENT : store.contents.create(write.segments);
  const atMs = store.clock.now();
  const change = store.versions.write(bucket, call.key, { ...write.version, content, modifiedMs: atMs });
  const { sizeBytes, etag, sequence, versionId } = change.version;
  store.notifications.announce({
    kind: write.kind,
    bucket,
    key: call.key,
    sizeBytes,
    etag,
    versionId: bucket.versioning === 'Enabled' ? versionId : undefined,
    sequence,
    atMs,
    caller: call.caller,
  });
  return change;
}
