/** The Range header of a GET or HEAD, and the range of an UploadPartCopy. */
import { AwsError } from '../front/service.ts';
import type { Range } from './contents.ts';
import { invalidArgument } from './errors.ts';

/**
 * Returns the half-open range that a Range header selects of `sizeBytes`. Undefined means the whole object: S3
 * ignores a header that it cannot read, and one with several ranges.
 * @throws InvalidRange (416) when no byte of the object is in it
 */
export function parseRange(header: string | undefined, sizeBytes: number): Range | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  const begin = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1);
  if (begin >= end) throw invalidRange(header ?? '', sizeBytes);
  return { begin, end };
}

/**
 * Returns the range of x-amz-copy-source-range, which must be `bytes=first-last` within the source.
 * @throws InvalidArgument
 */
export function parseCopyRange(header: string | undefined, sizeBytes: number): Range {
  if (header === undefined) return { begin: 0, end: sizeBytes };
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? [];
  const range = { begin: Number(first), end: Number(last) + 1 };
  if (first === undefined || last === undefined || range.begin >= range.end)
    throw invalidArgument(
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      'x-amz-copy-source-range',
      header,
    );
  if (range.end > sizeBytes) {
    const message = `Range specified is not valid for source object of size: ${sizeBytes}`;
    throw invalidArgument(message, 'x-amz-copy-source-range', header);
  }
  return range;
}

function invalidRange(header: string, sizeBytes: number): AwsError {
  const members = { RangeRequested: header, ActualObjectSize: sizeBytes };
  return new AwsError('InvalidRange', 416, 'The requested range is not satisfiable', members);
}
