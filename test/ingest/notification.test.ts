import { describe, expect, test } from 'vitest';
import { notificationOf, parseNotification, uploadOf } from '../../shared/ingest/notification.ts';
import type { Upload } from '../../shared/object/source-version.ts';

/** A notification as S3 sends it (event message structure, version 2.1). */
function notification(key: string, changes: { record?: object; object?: object } = {}): string {
  const record = {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: 'us-east-1',
    eventTime: '2026-01-02T03:04:05.000Z',
    eventName: 'ObjectCreated:Put',
    userIdentity: { principalId: 'AWS:AROAEXAMPLE:session' },
    requestParameters: { sourceIPAddress: '203.0.113.7' },
    responseElements: { 'x-amz-request-id': 'C3D13FE58DE4C810', 'x-amz-id-2': 'FMyUVURI' },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'uploads',
      bucket: {
        name: 'ingest',
        ownerIdentity: { principalId: 'A3NL1KOZZKExample' },
        arn: 'arn:aws:s3:::ingest',
      },
      object: {
        key,
        size: 1_024,
        eTag: 'd41d8cd98f00b204e9800998ecf8427e',
        versionId: '096fKKXTRTtl3on89fVO.nfljtsv6qko',
        sequencer: '0055AED6DCD90281E5',
        ...changes.object,
      },
    },
    ...changes.record,
  };
  return JSON.stringify({ Records: [record] });
}

function uploadsOf(body: string): readonly Upload[] {
  return parseNotification(body).map(uploadOf);
}

const invalid = expect.objectContaining({ code: 'ERR_EVENT_INVALID', disposition: 'reject' });
const unknown = expect.objectContaining({ code: 'ERR_TENANT_UNKNOWN', disposition: 'reject' });

describe('an ObjectCreated notification', () => {
  test('names tenant, key, version and size', () => {
    expect(uploadsOf(notification('acme/folder/report.pdf'))).toEqual([
      {
        tenantId: 'acme',
        key: 'folder/report.pdf',
        source: {
          bucket: 'ingest',
          key: 'acme/folder/report.pdf',
          versionId: '096fKKXTRTtl3on89fVO.nfljtsv6qko',
          sequencer: '0055AED6DCD90281E5',
          uploadedAt: '2026-01-02T03:04:05.000Z',
        },
        sizeBytes: 1_024,
      },
    ]);
  });

  test.each([
    ['acme/a+b%2B%C3%BC.txt', 'a b+ü.txt'],
    ['acme/100%25.txt', '100%.txt'],
    ['acme/%F0%9F%98%80', '😀'],
    ['acme/../other/x', '../other/x'],
    ['acme//x', '/x'],
    ['acme//', '/'],
    ['acme/folder/', 'folder/'],
    ['acme/%2520', '%20'],
    ['acme/a%2Fb', 'a/b'],
    ['acme/%22%26%3C%3E', '"&<>'],
    ['acme/%00', '\u0000'],
    ['acme/globex/x', 'globex/x'],
    ['acme/+', ' '],
  ])('says %s and means %j', (formKey, key) => {
    expect(uploadsOf(notification(formKey))).toMatchObject([
      { tenantId: 'acme', key, source: { key: `acme/${key}` } },
    ]);
  });

  test.each(['Put', 'Post', 'Copy', 'CompleteMultipartUpload'])('may say ObjectCreated:%s', (kind) => {
    const body = notification('acme/x', { record: { eventName: `ObjectCreated:${kind}` } });
    expect(uploadsOf(body)).toHaveLength(1);
  });

  test('may be of an empty object', () => {
    expect(uploadsOf(notification('acme/x', { object: { size: 0 } }))).toMatchObject([{ sizeBytes: 0 }]);
  });

  test('that S3 sends to test the queue names nothing', () => {
    const testEvent = {
      Service: 'Amazon S3',
      Event: 's3:TestEvent',
      Time: '2026-01-02T03:04:05.000Z',
      Bucket: 'ingest',
      RequestId: '5582815E1AEA5ADF',
      HostId: '8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR',
    };
    expect(parseNotification(JSON.stringify(testEvent))).toEqual([]);
  });
});

describe('what is refused as no notification', () => {
  test.each([
    ['no JSON', 'Records'],
    ['an empty message', ''],
    ['null', 'null'],
    ['an array', '[]'],
    ['an object of something else', '{"hello":"world"}'],
    ['another test event', '{"Event":"s3:OtherEvent"}'],
    ['another source', notification('acme/x', { record: { eventSource: 'aws:s3-forged' } })],
    ['a removal', notification('acme/x', { record: { eventName: 'ObjectRemoved:Delete' } })],
    ['an object of an unversioned bucket', notification('acme/x', { object: { versionId: undefined } })],
    ['an empty version id', notification('acme/x', { object: { versionId: '' } })],
    ['a size below 0', notification('acme/x', { object: { size: -1 } })],
    ['a size that is a text', notification('acme/x', { object: { size: '5' } })],
    ['a size that is no whole number', notification('acme/x', { object: { size: 1.5 } })],
    ['no time', notification('acme/x', { record: { eventTime: undefined } })],
    ['no sequencer', notification('acme/x', { object: { sequencer: undefined } })],
    ['a sequencer that is no number', notification('acme/x', { object: { sequencer: 'xyz' } })],
    ['no key', notification('')],
    ['a record that is null', JSON.stringify({ Records: [null] })],
  ])('%s', (_what, body) => {
    expect(() => uploadsOf(body)).toThrow(invalid);
  });

  test('the error message does not contain the input', () => {
    expect(() => parseNotification('{"secret-of-acme"')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret-of-acme') }),
    );
  });
});

describe('a key that names no object of a tenant', () => {
  test.each([
    'report.pdf',
    '/x',
    'Acme/x',
    'ac_me/x',
    '-acme/x',
    '..%2Fx',
    '%C3%BC/x',
    `${'a'.repeat(64)}/x`,
  ])('%s has no tenant', (key) => {
    expect(() => uploadsOf(notification(key))).toThrow(unknown);
  });

  test.each(['acme/', 'acme/%ZZ', 'acme/%', 'acme/%C3', 'acme/%FF'])('%s is invalid', (key) => {
    expect(() => uploadsOf(notification(key))).toThrow(invalid);
  });
});

describe('a notification of ours', () => {
  test.each([
    'acme/x',
    'acme/a b+ü.txt',
    'acme/100%.txt',
    'acme/😀',
    'acme//',
    'acme/"&<>\u0000',
    "acme/!'()~*",
  ])('of %j says what S3 would have said', (key) => {
    const source = {
      bucket: 'ingest',
      key,
      versionId: 'v1',
      sequencer: '',
      uploadedAt: '2026-01-02T03:04:05.000Z',
    };
    expect(uploadsOf(notificationOf(source, 5))).toEqual([
      { tenantId: 'acme', key: key.slice('acme/'.length), source, sizeBytes: 5 },
    ]);
  });
});
