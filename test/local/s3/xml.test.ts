/** Documents that S3 refuses, because they contain characters that XML 1.0 cannot express. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseXml } from '../../../local/s3/xml.ts';
import { newBucket, type S3Server, startS3 } from './s3-server.ts';

const MALFORMED = expect.objectContaining({ code: 'MalformedXML', status: 400 });

describe('a document', () => {
  test.each([
    '&#x1;',
    '&#1;',
    '\u0001',
    '&#xB;',
    '\u001f',
    '\ufffe',
    '&#xFFFF;',
    '&#xD800;',
    '&#x110000;',
    '&#0;',
  ])('that holds %j is refused', (text) => {
    expect(() => parseXml(`<Delete><Key>${text}</Key></Delete>`, 'Delete')).toThrow(MALFORMED);
  });

  test.each([
    '\t',
    '&#xA;',
    '&#13;',
    ' ',
    '\u007f',
    '\u0085',
    '\ud7ff',
    '\ue000',
    '\ufffd',
    '😀',
    '&#x1F600;',
    '&amp;',
  ])('that holds %j is read', (text) => {
    expect(() => parseXml(`<Delete><Key>a${text}b</Key></Delete>`, 'Delete')).not.toThrow();
  });
});

describe('a request whose document names what XML cannot hold is refused', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(async () => server[Symbol.asyncDispose]());

  test.each(['a\u0001', 'b\u000b', 'c\ufffe'])('DeleteObjects of %j, which one DELETE takes', async (Key) => {
    const s3 = server.client();
    const Bucket = await newBucket(s3);
    await s3.putObject({ Bucket, Key, Body: 'x' });
    await expect(s3.deleteObjects({ Bucket, Delete: { Objects: [{ Key }] } })).rejects.toMatchObject({
      name: 'MalformedXML',
      $metadata: { httpStatusCode: 400 },
    });
    await s3.deleteObject({ Bucket, Key });
    expect((await s3.listObjectsV2({ Bucket, EncodingType: 'url' })).KeyCount).toBe(0);
  });

  test('PutObjectTagging, PutBucketNotificationConfiguration', async () => {
    const s3 = server.client();
    const Bucket = await newBucket(s3);
    await s3.putObject({ Bucket, Key: 'k', Body: 'x' });
    const refused = { name: 'MalformedXML' };
    const Tagging = { TagSet: [{ Key: 'a', Value: '\u0001' }] };
    await expect(s3.putObjectTagging({ Bucket, Key: 'k', Tagging })).rejects.toMatchObject(refused);
    const Id = '\u0001';
    const queue = {
      Id,
      QueueArn: 'arn:aws:sqs:us-east-1:111111111111:q',
      Events: ['s3:ObjectCreated:*' as const],
    };
    const NotificationConfiguration = { QueueConfigurations: [queue] };
    await expect(
      s3.putBucketNotificationConfiguration({ Bucket, NotificationConfiguration }),
    ).rejects.toMatchObject(refused);
  });

  test('a document that is not UTF-8', async () => {
    const body = Buffer.concat([
      Buffer.from('<Delete><Object><Key>'),
      Buffer.from([0xff]),
      Buffer.from('</Key></Object></Delete>'),
    ]);
    const Bucket = await newBucket(server.client());
    const scope = '111111111111/20260101/us-east-1/s3/aws4_request';
    const response = await fetch(`${server.endpoint}/${Bucket}?delete`, {
      method: 'POST',
      body,
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
        'content-md5': createHash('md5').update(body).digest('base64'),
      },
    });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('MalformedXML')]);
  });
});
