/** Headers as clients send them. Some hold bytes that are no text. */
import { utf8Bytes } from './raw-s3.ts';

/** Values of `Expires`. S3 keeps any text. */
export const EXPIRES: readonly string[] = [
  '0',
  '-1',
  'never',
  'max',
  '5d',
  '2030-01-01',
  '1735689600',
  'Thu, 01 Dec 2030 16:00:00 GMT',
  'Wed, 21 Oct 2099 07:28:00 +0200',
  'Wed, 21 Oct 2099 07:28:00 GMT',
  '',
];

/** All headers that an object may have, by lower-case name. Each character of a value stands for one byte. */
export const HEADERS: Readonly<Record<string, string>> = {
  'content-type': `text/plain; title="${utf8Bytes('Zoë')}"`,
  'cache-control': 'no-cache',
  'content-disposition': `attachment; filename="${utf8Bytes('Übersicht – 報告 😬.pdf')}"`,
  // This byte is Latin-1, and no UTF-8.
  'content-language': 'd\u00e9',
  'content-encoding': 'identity',
  'x-amz-meta-owner': utf8Bytes('Zoë Müller'),
  'x-amz-meta-__proto__': 'v',
  'x-amz-meta-constructor': 'w',
  'x-amz-meta-tostring': 'x',
};
