/** The access check of S3: every operation asks here, with the action, the resource and the context keys of S3. */
import type { AccessRequest } from '../iam/authorizer.ts';
import type { Bucket } from './buckets.ts';
import type { S3Call } from './call.ts';
import { accessDenied } from './errors.ts';
import type { Store } from './store.ts';
import type { Tags } from './tags.ts';

export interface Access {
  /** E.g. `s3:GetObject`. */
  readonly action: string;
  readonly bucket: Bucket;
  /** The object's key. Undefined for an action on the bucket. */
  readonly key?: string;
  /** Context keys in addition to those that every request has. */
  readonly context?: AccessRequest['context'];
}

/** Context keys taken from headers, as they were sent. */
const HEADER_KEYS = [
  'x-amz-copy-source',
  'x-amz-metadata-directive',
  'x-amz-server-side-encryption',
  'x-amz-storage-class',
  'x-amz-acl',
  'x-amz-content-sha256',
  'if-match',
  'if-none-match',
];

/** @throws AccessDenied unless the caller may do the action */
export function authorize(store: Store, call: S3Call, access: Access): void {
  decide(store, call, {
    action: access.action,
    resource: arnOf(access),
    resourceAccountId: access.bucket.accountId,
    resourcePolicy: access.bucket.policy,
    context: { 's3:ResourceAccount': access.bucket.accountId, ...access.context },
  });
}

/**
 * Checks an action that concerns no existing bucket; the policies of the caller's account decide.
 * @throws AccessDenied
 */
export function authorizeAccount(
  store: Store,
  call: S3Call,
  request: { readonly action: string; readonly resource: string },
): void {
  decide(store, call, { ...request, resourceAccountId: call.caller.principal.accountId });
}

export function isAllowed(store: Store, call: S3Call, access: Access): boolean {
  try {
    authorize(store, call, access);
    return true;
  } catch {
    return false;
  }
}

/** Returns the keys `s3:ExistingObjectTag/…` of an existing object. */
export function existingTagContext(tags: Tags): Record<string, string> {
  return Object.fromEntries(tags.map(({ key, value }) => [`s3:ExistingObjectTag/${key}`, value]));
}

/** Returns the keys `s3:RequestObjectTag/…` and `s3:RequestObjectTagKeys` of the tags that a request would set. */
export function requestTagContext(tags: Tags): Record<string, string | readonly string[]> {
  if (tags.length === 0) return {};
  const values = Object.fromEntries(tags.map(({ key, value }) => [`s3:RequestObjectTag/${key}`, value]));
  return { ...values, 's3:RequestObjectTagKeys': tags.map(({ key }) => key) };
}

function decide(store: Store, call: S3Call, request: Omit<AccessRequest, 'principal'>): void {
  const { principal } = call.caller;
  const context = { ...requestContext(call), ...request.context };
  const decision = store.authorizer.decide({ principal, ...request, context });
  if (decision.allowed) return;
  // Across accounts S3 gives no reason.
  if (principal.accountId !== request.resourceAccountId) throw accessDenied();
  throw accessDenied(
    `User: ${principal.arn} is not authorized to perform: ${request.action} on resource: "${request.resource}" ${decision.reason}`,
  );
}

function requestContext({ headers, query, caller }: S3Call): Record<string, string> {
  const context: Record<string, string> = {
    'aws:SecureTransport': 'false',
    'aws:UserAgent': caller.userAgent,
    's3:authType': headers['authorization'] === undefined ? 'REST-QUERY-STRING' : 'REST-HEADER',
    's3:signatureversion': 'AWS4-HMAC-SHA256',
  };
  for (const name of HEADER_KEYS) {
    const value = headers[name];
    if (value !== undefined) context[`s3:${name}`] = value;
  }
  const versionId = query.get('versionId');
  if (versionId !== null) context['s3:VersionId'] = versionId;
  return context;
}

function arnOf({ bucket, key }: Access): string {
  return key === undefined ? `arn:aws:s3:::${bucket.name}` : `arn:aws:s3:::${bucket.name}/${key}`;
}
