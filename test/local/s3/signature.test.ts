/** The local S3 when it verifies signatures. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assertSignature } from '../../../local/s3/signature.ts';
import { ACCOUNT, newBucket, type S3Server, startS3 } from './s3-server.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const SCOPE = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request';
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function requestOf(method: string, url: string, headers: Readonly<Record<string, string>>) {
  return { method, url, headers, rawHeaders: Object.entries(headers).flat() };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and sigv4-query-string-auth.html */
describe('a signature of AWS’s own examples is right, and wrong when anything is changed', () => {
  const host = 'examplebucket.s3.amazonaws.com';
  const dated = { 'x-amz-content-sha256': EMPTY, 'x-amz-date': '20130524T000000Z' };
  const authorization = (headers: string, signature: string): string =>
    `AWS4-HMAC-SHA256 Credential=${SCOPE},SignedHeaders=${headers},Signature=${signature}`;
  const query = [
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${encodeURIComponent(SCOPE)}`,
    'X-Amz-Date=20130524T000000Z',
    'X-Amz-Expires=86400',
    'X-Amz-SignedHeaders=host',
    'X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  ].join('&');
  const examples: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
    [
      'of a header',
      '/test.txt',
      {
        host,
        range: 'bytes=0-9',
        ...dated,
        authorization: authorization(
          'host;range;x-amz-content-sha256;x-amz-date',
          'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
        ),
      },
    ],
    [
      'over a sub-resource',
      '/?lifecycle',
      {
        host,
        ...dated,
        authorization: authorization(
          'host;x-amz-content-sha256;x-amz-date',
          'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
        ),
      },
    ],
    ['of a presigned URL', `/test.txt?${query}`, { host }],
  ];

  test.each(examples)('%s', (_what, url, headers) => {
    expect(() => assertSignature(requestOf('GET', url, headers), SECRET)).not.toThrow();
    const refused = expect.objectContaining({ code: 'SignatureDoesNotMatch', status: 403 });
    for (const altered of [
      requestOf('PUT', url, headers),
      requestOf('GET', url.replace('/', '/x'), headers),
      requestOf('GET', url, { ...headers, host: 'x' }),
    ])
      expect(() => assertSignature(altered, SECRET)).toThrow(refused);
    expect(() => assertSignature(requestOf('GET', url, headers), 'another')).toThrow(refused);
    expect(() =>
      assertSignature(requestOf('GET', url, { ...headers, 'x-amz-acl': 'private' }), SECRET),
    ).toThrow(expect.objectContaining({ code: 'AccessDenied', status: 403 }));
  });
});

describe('what the SDK signs', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3({ verifySignatures: true });
  });
  afterAll(async () => server[Symbol.asyncDispose]());

  test('is taken, whatever the key', async () => {
    const s3 = server.client();
    const Bucket = await newBucket(s3, 'Enabled');
    for (const Key of ['k', 'a b+ü/../~!*\'()$&=@:;,?"<>#%[]{}|\\^`', '\u0001\u0007', '//'])
      await s3.putObject({
        Bucket,
        Key,
        Body: 'x',
        ContentDisposition: '  two   spaces ',
        Metadata: { a: '1' },
      });
    expect((await s3.listObjectVersions({ Bucket, EncodingType: 'url', Prefix: '' })).Versions).toHaveLength(
      4,
    );
  });

  test('is refused where the SDK signs other bytes than Node sends', async () => {
    const s3 = server.client();
    const Bucket = await newBucket(s3);
    const put = s3.putObject({ Bucket, Key: 'k', Body: 'x', ContentDisposition: 'ü' });
    await expect(put).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
  });

  test('with another secret is refused', async () => {
    const credentials = { accessKeyId: ACCOUNT, secretAccessKey: 'other' };
    const list = server.client(ACCOUNT, { credentials }).listBuckets();
    await expect(list).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
  });
});
