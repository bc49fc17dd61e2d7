/**
 * The version of an object that a call reads. As in S3, the check of access comes before the check that it exists.
 */
import { type Access, authorize, existingTagContext, isAllowed } from './access.ts';
import { httpDate } from './answer.ts';
import type { Bucket } from './buckets.ts';
import type { S3Call } from './call.ts';
import { accessDenied, invalidArgument, methodNotAllowed, noSuchKey, noSuchVersion } from './errors.ts';
import type { Store } from './store.ts';
import { NULL_VERSION, type Version } from './version.ts';

export interface VersionQuery {
  readonly bucket: Bucket;
  readonly key: string;
  /** The version id. Undefined for the latest version. */
  readonly versionId?: string;
  /** The actions that read the latest version and a version by id. */
  readonly actions: { readonly latest: string; readonly byId: string };
  readonly context?: Access['context'];
}

const VERSION_ID = /^[\w.-]{32}$/;

/**
 * Returns the versionId parameter of a call.
 * @throws InvalidArgument when it cannot be one
 */
export function versionIdOf({ query }: S3Call): string | undefined {
  const versionId = query.get('versionId') ?? undefined;
  if (versionId !== undefined) assertVersionId(versionId);
  return versionId;
}

/** @throws InvalidArgument when it cannot be a version id */
export function assertVersionId(versionId: string): void {
  if (versionId === '')
    throw invalidArgument('Version id cannot be the empty string', 'versionId', versionId);
  if (versionId !== NULL_VERSION && !VERSION_ID.test(versionId))
    throw invalidArgument('Invalid version id specified', 'versionId', versionId);
}

/**
 * Returns the version, which is not a delete marker.
 * @throws AccessDenied; NoSuchKey and NoSuchVersion only to callers that may list the bucket; MethodNotAllowed for
 * a delete marker by its id
 */
export function findVersion(store: Store, call: S3Call, query: VersionQuery): Version {
  const { bucket, key, versionId, actions } = query;
  const version =
    versionId === undefined
      ? store.versions.latest(bucket.name, key)
      : store.versions.find(bucket.name, key, versionId);
  const action = versionId === undefined ? actions.latest : actions.byId;
  const context = { ...existingTagContext(version?.tags ?? []), ...query.context };
  authorize(store, call, { action, bucket, key, context });
  if (version?.isDeleteMarker === false) return version;
  if (!isAllowed(store, call, { action: 's3:ListBucket', bucket, context: { 's3:prefix': key } }))
    throw accessDenied();
  if (version !== undefined) markerHeaders(call, version);
  if (versionId === undefined) throw noSuchKey(key);
  throw version === undefined ? noSuchVersion(key, versionId) : markerNotAllowed(call, version);
}

function markerHeaders({ response }: S3Call, { versionId }: Version): void {
  response.setHeader('x-amz-delete-marker', 'true');
  response.setHeader('x-amz-version-id', versionId);
}

function markerNotAllowed({ request, response }: S3Call, { modifiedMs }: Version): Error {
  response.setHeader('allow', 'DELETE');
  response.setHeader('last-modified', httpDate(modifiedMs));
  return methodNotAllowed(request.method ?? '', 'DeleteMarker');
}
