/** Access to S3: the permission that each operation demands, and the answer to a caller without it. */
import type { S3 } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AccessRequest } from '../../../local/iam/authorizer.ts';
import { createAuthorizer } from '../../../local/iam/evaluate.ts';
import { createRoles } from '../../../local/iam/roles.ts';
import { denyingAuthorizer } from '../../support/open-authorizer.ts';
import { ACCOUNT, newBucket, OTHER_ACCOUNT, type S3Server, startS3 } from './s3-server.ts';

let denied: readonly string[] = [];
const authorizer = denyingAuthorizer(({ action }) => denied.includes(action));
let server: S3Server;
let s3: S3;
let Bucket: string;

beforeAll(async () => {
  server = await startS3({ authorizer });
  s3 = server.client();
  Bucket = await newBucket(s3, 'Enabled');
  await s3.putObject({ Bucket, Key: 'there', Body: 'x', Tagging: 'class=secret' });
});
afterAll(async () => server[Symbol.asyncDispose]());
beforeEach(() => {
  denied = [];
});

/** Returns the requests that the authorizer got while `work` ran. */
async function asked(work: () => Promise<unknown>): Promise<readonly AccessRequest[]> {
  const before = authorizer.asked.length;
  await work();
  return authorizer.asked.slice(before);
}

test('each operation asks for its own permission on its own resource', async () => {
  const { VersionId } = await s3.putObject({ Bucket, Key: 'own', Body: 'x' });
  const of = async (work: () => Promise<unknown>): Promise<string[]> =>
    (await asked(work)).map(
      ({ action, resource }) => `${action} ${resource.replace(`arn:aws:s3:::${Bucket}`, '')}`,
    );
  expect(await of(async () => s3.putObject({ Bucket, Key: 'own', Body: 'x', Tagging: 'a=b' }))).toEqual([
    's3:PutObject /own',
    's3:PutObjectTagging /own',
  ]);
  expect(await of(async () => s3.headObject({ Bucket, Key: 'own', VersionId }))).toContain(
    's3:GetObjectVersion /own',
  );
  expect(await of(async () => s3.copyObject({ Bucket, Key: 'copy', CopySource: `${Bucket}/there` }))).toEqual(
    ['s3:GetObject /there', 's3:GetObjectTagging /there', 's3:PutObject /copy', 's3:PutObjectTagging /copy'],
  );
  expect(await of(async () => s3.deleteObject({ Bucket, Key: 'own' }))).toEqual(['s3:DeleteObject /own']);
  expect(await of(async () => s3.deleteObject({ Bucket, Key: 'own', VersionId }))).toEqual([
    's3:DeleteObjectVersion /own',
  ]);
  expect(await of(async () => s3.listObjectVersions({ Bucket }))).toEqual(['s3:ListBucketVersions ']);
  expect(await of(async () => s3.createMultipartUpload({ Bucket, Key: 'm' }))).toEqual(['s3:PutObject /m']);
});

test('a write over an ETag asks for the permission to read it, too', async () => {
  const { ETag } = await s3.putObject({ Bucket, Key: 'over', Body: 'x' });
  denied = ['s3:GetObject'];
  const over = { Bucket, Key: 'over', Body: 'y', IfMatch: ETag };
  await expect(s3.putObject(over)).rejects.toMatchObject({ name: 'AccessDenied' });
  await s3.putObject({ Bucket, Key: 'over, if none', Body: 'y', IfNoneMatch: '*' });
  denied = [];
  await s3.putObject(over);
});

test('conditions see what the request says', async () => {
  const [put] = await asked(async () =>
    s3.putObject({ Bucket, Key: 'c', Body: 'x', IfNoneMatch: '*', Tagging: 'team=blue' }),
  );
  expect(put?.context).toMatchObject({
    's3:if-none-match': '*',
    's3:RequestObjectTag/team': 'blue',
    's3:RequestObjectTagKeys': ['team'],
    'aws:SecureTransport': 'false',
  });
  const [list] = await asked(async () =>
    s3.listObjectsV2({ Bucket, Prefix: 'p/', Delimiter: '/', MaxKeys: 5 }),
  );
  expect(list?.context).toMatchObject({ 's3:prefix': 'p/', 's3:delimiter': '/', 's3:max-keys': '5' });
  const [get] = await asked(async () => s3.headObject({ Bucket, Key: 'there' }));
  expect(get?.context).toMatchObject({ 's3:ExistingObjectTag/class': 'secret' });
});

test('a caller that may not list learns AccessDenied, not that a key is missing', async () => {
  denied = ['s3:ListBucket'];
  await expect(s3.getObject({ Bucket, Key: 'missing' })).rejects.toMatchObject({ name: 'AccessDenied' });
  await expect(s3.headObject({ Bucket, Key: 'missing' })).rejects.toMatchObject({
    $metadata: { httpStatusCode: 403 },
  });
  await s3.headObject({ Bucket, Key: 'there' });
});

test('a refused write stores nothing, and keeps the connection usable', async () => {
  denied = ['s3:PutObject'];
  const put = s3.putObject({ Bucket, Key: 'refused', Body: Buffer.alloc(1_000_000) });
  await expect(put).rejects.toMatchObject({ name: 'AccessDenied' });
  await expect(s3.headObject({ Bucket, Key: 'refused' })).rejects.toMatchObject({ name: 'NotFound' });
});

test('the number of tags is told only to those who may read them', async () => {
  denied = ['s3:GetObjectTagging'];
  expect((await s3.headObject({ Bucket, Key: 'there' })).TagCount).toBeUndefined();
});

test('DeleteObjects is permitted key by key', async () => {
  denied = ['s3:DeleteObjectVersion'];
  const { VersionId } = await s3.putObject({ Bucket, Key: 'v', Body: 'x' });
  const Objects = [{ Key: 'v' }, { Key: 'v', VersionId }];
  const { Deleted, Errors } = await s3.deleteObjects({ Bucket, Delete: { Objects } });
  expect([Deleted?.length, Errors?.map(({ Code }) => Code)]).toEqual([1, ['AccessDenied']]);
});

test('an unsigned request is refused', async () => {
  const response = await fetch(`${server.endpoint}/${Bucket}/there`);
  expect([response.status, /<Code>(\w+)</.exec(await response.text())?.[1]]).toEqual([403, 'AccessDenied']);
});

test('a presigned URL works until it expires', async () => {
  const credential = encodeURIComponent(`${ACCOUNT}/20260101/us-east-1/s3/aws4_request`);
  const signed = (date: Date): string =>
    `${server.endpoint}/${Bucket}/there?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${credential}&X-Amz-Date=${date.toISOString().replace(/[-:]|\.\d+/g, '')}&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=0`;
  expect(await (await fetch(signed(new Date()))).text()).toBe('x');
  expect((await fetch(signed(new Date(Date.now() - 61_000)))).status).toBe(403);
});

test('a bucket policy lets another account in, and the bucket owner owns what it writes', async () => {
  const roles = createRoles();
  await using real = await startS3({ authorizer: createAuthorizer(roles) });
  const owner = real.client();
  const stranger = real.client(OTHER_ACCOUNT);
  const shared = await newBucket(owner);
  await expect(stranger.putObject({ Bucket: shared, Key: 'k', Body: 'x' })).rejects.toMatchObject({
    name: 'AccessDenied',
  });
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: OTHER_ACCOUNT },
        Action: 's3:PutObject',
        Resource: `arn:aws:s3:::${shared}/*`,
      },
    ],
  });
  await owner.putBucketPolicy({ Bucket: shared, Policy });
  await stranger.putObject({ Bucket: shared, Key: 'k', Body: 'x' });
  expect(await (await owner.getObject({ Bucket: shared, Key: 'k' })).Body?.transformToString()).toBe('x');
  await expect(stranger.getObject({ Bucket: shared, Key: 'k' })).rejects.toMatchObject({
    name: 'AccessDenied',
  });
});
