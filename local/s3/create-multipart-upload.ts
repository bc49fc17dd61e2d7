/** CreateMultipartUpload and AbortMultipartUpload. */
import { inTransaction } from '../sqlite/database.ts';
import { authorize, requestTagContext } from './access.ts';
import { type AnswerHeaders, ENCRYPTED, sendEmpty, sendXml } from './answer.ts';
import { requiredQuery, type S3Call } from './call.ts';
import { type ChecksumAlgorithm, type ChecksumType, DEFAULT_ALGORITHM } from './checksum.ts';
import { invalidRequest } from './errors.ts';
import { parseAlgorithm } from './expected-digests.ts';
import { findBucket } from './find-bucket.ts';
import { readObjectHeaders } from './object-headers.ts';
import type { Store } from './store.ts';
import { parseTaggingHeader } from './tags.ts';
import type { ChecksumPlan } from './uploads.ts';

export function createMultipartUpload(store: Store, call: S3Call): void {
  const bucket = findBucket(store, call);
  const { key, headers, response } = call;
  const tags = parseTaggingHeader(headers['x-amz-tagging']);
  const access = { bucket, key, context: requestTagContext(tags) };
  authorize(store, call, { ...access, action: 's3:PutObject' });
  if (tags.length > 0) authorize(store, call, { ...access, action: 's3:PutObjectTagging' });
  const plan = checksumPlan(headers);
  const attributes = readObjectHeaders(headers);
  const initiatedMs = store.clock.now();
  const uploadId = store.uploads.create({ bucket: bucket.name, key, initiatedMs, attributes, tags, plan });
  const announced: AnswerHeaders = plan.named
    ? { 'x-amz-checksum-algorithm': plan.algorithm, 'x-amz-checksum-type': plan.type }
    : {};
  const content = { Bucket: bucket.name, Key: key, UploadId: uploadId };
  sendXml(response, 'InitiateMultipartUploadResult', content, { ...ENCRYPTED, ...announced });
}

export function abortMultipartUpload(store: Store, call: S3Call): void {
  const bucket = findBucket(store, call);
  authorize(store, call, { action: 's3:AbortMultipartUpload', bucket, key: call.key });
  const { uploadId } = store.uploads.get(bucket.name, call.key, requiredQuery(call, 'uploadId'));
  const dropped = inTransaction(store.database, () => store.uploads.remove(uploadId));
  for (const content of dropped) store.contents.drop(content);
  sendEmpty(call.response, 204);
}

/**
 * Returns the plan of the checksum.
 * @throws InvalidRequest for an impossible one: only CRCs of a whole object can be derived from its parts, and
 * CRC64NVME is always of the whole object
 */
function checksumPlan(headers: Readonly<Record<string, string>>): ChecksumPlan {
  const name = headers['x-amz-checksum-algorithm'];
  const algorithm = name === undefined ? DEFAULT_ALGORITHM : parseAlgorithm(name);
  const type = checksumType(headers['x-amz-checksum-type'], algorithm);
  const isPossible = type === 'COMPOSITE' ? algorithm !== 'CRC64NVME' : algorithm.startsWith('CRC');
  if (!isPossible)
    throw invalidRequest(
      `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  return { algorithm, type, named: name !== undefined };
}

function checksumType(header: string | undefined, algorithm: ChecksumAlgorithm): ChecksumType {
  if (header === undefined) return algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE';
  if (header === 'COMPOSITE' || header === 'FULL_OBJECT') return header;
  throw invalidRequest(`Value for x-amz-checksum-type header is invalid.`);
}
