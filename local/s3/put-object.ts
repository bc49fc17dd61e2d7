/** PutObject. */
import { authorize, requestTagContext } from './access.ts';
import { checksumHeaders, ENCRYPTED, quoted, sendEmpty, writtenVersionHeader } from './answer.ts';
import type { S3Call } from './call.ts';
import { findBucket } from './find-bucket.ts';
import { readObjectHeaders } from './object-headers.ts';
import { openPayload } from './payload.ts';
import { receiveBody } from './receive-body.ts';
import type { Store } from './store.ts';
import { parseTaggingHeader } from './tags.ts';
import { writeConditionally } from './write-object.ts';

export async function putObject(store: Store, call: S3Call): Promise<void> {
  const bucket = findBucket(store, call);
  const tags = parseTaggingHeader(call.headers['x-amz-tagging']);
  const access = { bucket, key: call.key, context: requestTagContext(tags) };
  authorize(store, call, { ...access, action: 's3:PutObject' });
  if (tags.length > 0) authorize(store, call, { ...access, action: 's3:PutObjectTagging' });
  const headers = readObjectHeaders(call.headers);
  const payload = openPayload(call);
  const written = await writeConditionally(store, call, async () => {
    const { segments, sizeBytes, md5, checksum } = await receiveBody(store, payload);
    const attributes = { ...headers, checksum: { ...checksum, type: 'FULL_OBJECT' as const } };
    return { segments, version: { sizeBytes, etag: md5, attributes, tags }, kind: 'ObjectCreated:Put' };
  });
  sendEmpty(call.response, 200, {
    etag: quoted(written.etag),
    ...ENCRYPTED,
    ...checksumHeaders(written.attributes.checksum),
    ...writtenVersionHeader(store.buckets.get(call.bucket), written.versionId),
  });
}
