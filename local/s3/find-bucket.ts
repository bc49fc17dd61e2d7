/** The bucket of a call, with the refusals that come before any check of access. */
import { AwsError } from '../front/service.ts';
import type { Bucket } from './buckets.ts';
import type { S3Call } from './call.ts';
import { assertExpectedOwner } from './known-headers.ts';
import type { Store } from './store.ts';

/** @throws NoSuchBucket, PermanentRedirect from another region, or AccessDenied for an unexpected owner */
export function findBucket(store: Store, call: S3Call): Bucket {
  const bucket = store.buckets.get(call.bucket);
  if (call.caller.region !== bucket.region) throw redirect(call, bucket);
  assertExpectedOwner(call.headers['x-amz-expected-bucket-owner'], bucket.accountId);
  return bucket;
}

function redirect({ response }: S3Call, { name, region }: Bucket): AwsError {
  response.setHeader('x-amz-bucket-region', region);
  const message =
    'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.';
  return new AwsError('PermanentRedirect', 301, message, {
    Bucket: name,
    Endpoint: `s3.${region}.amazonaws.com`,
  });
}
