/**
 * The routes of S3. Method, level (service, bucket, object) and sub-resource of a request name its operation. A
 * query parameter that the operation does not know would change its meaning, so it is refused instead of ignored.
 */
import { notImplemented } from './errors.ts';

export interface RoutedRequest {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
}

type Level = 'service' | 'bucket' | 'object';

interface Route {
  readonly operation: string;
  readonly level: Level;
  readonly method: string;
  /** Query parameters that the request must have. */
  readonly needs: readonly string[];
  /** Query parameters that the request may have. */
  readonly takes: readonly string[];
  /** True when the request must have x-amz-copy-source, false when it must not. */
  readonly copies: boolean;
}

const PAGE = ['prefix', 'delimiter', 'encoding-type'];
const OVERRIDES = ['type', 'language', 'expires', 'cache-control', 'disposition', 'encoding'].map((name) =>
  /^(expires|cache-control)$/.test(name) ? `response-${name}` : `response-content-${name}`,
);

const ROUTES: readonly Route[] = [
  route('ListBuckets', 'service', 'GET'),
  route('CreateBucket', 'bucket', 'PUT'),
  route('HeadBucket', 'bucket', 'HEAD'),
  route('DeleteBucket', 'bucket', 'DELETE'),
  route('GetBucketLocation', 'bucket', 'GET', ['location']),
  route('GetBucketVersioning', 'bucket', 'GET', ['versioning']),
  route('PutBucketVersioning', 'bucket', 'PUT', ['versioning']),
  route('GetBucketPolicy', 'bucket', 'GET', ['policy']),
  route('PutBucketPolicy', 'bucket', 'PUT', ['policy']),
  route('DeleteBucketPolicy', 'bucket', 'DELETE', ['policy']),
  route('GetBucketNotificationConfiguration', 'bucket', 'GET', ['notification']),
  route('PutBucketNotificationConfiguration', 'bucket', 'PUT', ['notification']),
  route(
    'ListObjectsV2',
    'bucket',
    'GET',
    ['list-type'],
    [...PAGE, 'max-keys', 'start-after', 'continuation-token', 'fetch-owner'],
  ),
  route(
    'ListObjectVersions',
    'bucket',
    'GET',
    ['versions'],
    [...PAGE, 'max-keys', 'key-marker', 'version-id-marker'],
  ),
  route(
    'ListMultipartUploads',
    'bucket',
    'GET',
    ['uploads'],
    [...PAGE, 'max-uploads', 'key-marker', 'upload-id-marker'],
  ),
  route('DeleteObjects', 'bucket', 'POST', ['delete']),
  route('GetObject', 'object', 'GET', [], ['versionId', ...OVERRIDES]),
  route('HeadObject', 'object', 'HEAD', [], ['versionId', ...OVERRIDES]),
  route('PutObject', 'object', 'PUT'),
  route('CopyObject', 'object', 'PUT', [], [], true),
  route('DeleteObject', 'object', 'DELETE', [], ['versionId']),
  route('GetObjectTagging', 'object', 'GET', ['tagging'], ['versionId']),
  route('PutObjectTagging', 'object', 'PUT', ['tagging'], ['versionId']),
  route('DeleteObjectTagging', 'object', 'DELETE', ['tagging'], ['versionId']),
  route('CreateMultipartUpload', 'object', 'POST', ['uploads']),
  route('UploadPart', 'object', 'PUT', ['uploadId', 'partNumber']),
  route('UploadPartCopy', 'object', 'PUT', ['uploadId', 'partNumber'], [], true),
  route('CompleteMultipartUpload', 'object', 'POST', ['uploadId']),
  route('AbortMultipartUpload', 'object', 'DELETE', ['uploadId']),
  route('ListParts', 'object', 'GET', ['uploadId'], ['max-parts', 'part-number-marker']),
];

/**
 * Returns the operation's name.
 * @throws NotImplemented when there is none
 */
export function matchRoute(request: RoutedRequest): string {
  const level = levelOf(request);
  const names = [...request.query.keys()].filter((name) => name !== 'x-id' && !/^x-amz-/i.test(name));
  const copies = request.headers['x-amz-copy-source'] !== undefined;
  const found = ROUTES.find(
    (candidate) =>
      candidate.level === level &&
      candidate.method === request.method &&
      candidate.copies === copies &&
      candidate.needs.every((name) => names.includes(name)) &&
      names.every((name) => candidate.needs.includes(name) || candidate.takes.includes(name)),
  );
  if (found === undefined) throw notImplemented(`${request.method} ${level} ?${names.join('&')}`);
  return found.operation;
}

function levelOf({ bucket, key }: RoutedRequest): Level {
  if (bucket === '') return 'service';
  return key === '' ? 'bucket' : 'object';
}

function route(
  operation: string,
  level: Level,
  method: string,
  needs: readonly string[] = [],
  takes: readonly string[] = [],
  copies = false,
): Route {
  return { operation, level, method, needs, takes, copies };
}
