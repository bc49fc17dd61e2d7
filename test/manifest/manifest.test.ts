import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { objectIdOf } from '../../shared/object/object-id.ts';
import {
  type ClearPart,
  decodeManifest,
  decodeSealedPart,
  encodeManifest,
  encodeSealedPart,
  type SealedPart,
} from '../../shared/manifest/manifest.ts';
import { ACME } from '../support/tenants.ts';

const clear: ClearPart = {
  format: 'sealstream/1',
  tenantId: ACME.tenantId,
  objectId: objectIdOf('ingest', 'acme/x', 'v1'),
  sizeBytes: 250,
  chunkBytes: 100,
  chunkCount: 3,
  kekArn: ACME.kekArn,
  epoch: 7,
  sourceVersionId: 'v1',
  sequencer: '00A1',
  sealedAt: '2026-01-02T03:04:05.000Z',
};
const part: SealedPart = {
  clear,
  key: 'x',
  attributes: { contentType: 'text/plain', metadata: { owner: 'Zoë' }, tags: { class: 'secret' } },
  checksums: [{ algorithm: 'SHA256', type: 'COMPOSITE', value: 'AAAA' }],
};
const invalid = expect.objectContaining({ code: 'ERR_MANIFEST_INVALID', disposition: 'reject' });

/** Returns the JSON of a manifest with some members changed. */
function manifestWith(changes: object): Uint8Array {
  return Buffer.from(JSON.stringify({ ...clear, sealed: 'AAAA', ...changes }));
}

describe('a manifest', () => {
  test('comes back as it was written', () => {
    const sealed = randomBytes(1_000);
    expect(decodeManifest(encodeManifest({ clear, sealed }))).toEqual({ clear, sealed });
  });

  test('is one JSON object of the clear part’s members and the sealed part', () => {
    const written: unknown = JSON.parse(
      Buffer.from(encodeManifest({ clear, sealed: Buffer.from('abc') })).toString(),
    );
    expect(written).toEqual({ ...clear, sealed: 'YWJj' });
  });

  test.each([
    ['no JSON', Buffer.from('{')],
    ['nothing', Buffer.alloc(0)],
    ['null', Buffer.from('null')],
    ['a list', Buffer.from('[]')],
    ['no UTF-8', randomBytes(100)],
  ])('is refused when it is %s', (_what, body) => {
    expect(() => decodeManifest(body)).toThrow(invalid);
  });

  test.each([...Object.keys(clear), 'sealed'])('is refused without %s', (member) => {
    expect(() => decodeManifest(manifestWith({ [member]: undefined }))).toThrow(invalid);
  });

  test.each([
    ['another member', { purpose: 'x' }],
    ['another format', { format: 'sealstream/2' }],
    ['what is no tenant id', { tenantId: '../globex' }],
    ['what is no object id', { objectId: 'X' }],
    ['a size below 0', { sizeBytes: -1 }],
    ['a size that is no whole number', { sizeBytes: 249.5 }],
    ['a size that is a text', { sizeBytes: '250' }],
    ['chunks of 0 bytes', { chunkBytes: 0 }],
    ['no chunk', { chunkCount: 0 }],
    ['an epoch below 0', { epoch: -1 }],
    ['a time that is none', { sealedAt: 'yesterday' }],
    ['a time without its zone', { sealedAt: '2026-01-02T03:04:05' }],
    ['a sealed part that is no base64', { sealed: '***' }],
  ])('is refused with %s', (_what, changes) => {
    expect(() => decodeManifest(manifestWith(changes))).toThrow(invalid);
  });

  test.each([
    { chunkCount: 2 },
    { chunkCount: 4 },
    { sizeBytes: 301 },
    { sizeBytes: 200 },
    { chunkBytes: 125 },
  ])('is refused when its geometry contradicts itself: %j', (changes) => {
    expect(() => decodeManifest(manifestWith(changes))).toThrow(invalid);
  });

  test('that is refused says where, not what', () => {
    expect(() => decodeManifest(manifestWith({ kekArn: 5, sequencer: ['private'] }))).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^(?!.*private).*kekArn.*sequencer/u) }),
    );
  });
});

describe('the sealed part', () => {
  test('comes back as it was written', () => {
    expect(decodeSealedPart(encodeSealedPart(part), clear, 'x')).toEqual(part);
  });

  test.each(Object.keys(clear))('is refused beside a clear part with another %s', (member) => {
    const values: Readonly<Record<string, unknown>> = { ...clear };
    const value = values[member];
    const edited = { ...clear, [member]: typeof value === 'number' ? value + 1 : `${String(value)}0` };
    expect(() => decodeSealedPart(encodeSealedPart(part), edited, 'x')).toThrow(invalid);
  });

  test.each(['y', 'X', 'x/', '', 'acme/x'])('is refused under the name %j', (key) => {
    expect(() => decodeSealedPart(encodeSealedPart(part), clear, key)).toThrow(invalid);
  });

  test.each([
    ['with another member', { ...part, extra: 1 }],
    ['with another attribute', { ...part, attributes: { ...part.attributes, acl: 'public' } }],
    ['with another member in its clear part', { ...part, clear: { ...clear, extra: 1 } }],
    ['without metadata', { ...part, attributes: { tags: {} } }],
    [
      'with a checksum of another kind',
      { ...part, checksums: [{ algorithm: 'MD5', type: 'FULL_OBJECT', value: '' }] },
    ],
  ])('is refused %s', (_what, sealedPart) => {
    expect(() => decodeSealedPart(Buffer.from(JSON.stringify(sealedPart)), clear, 'x')).toThrow(invalid);
  });
});
