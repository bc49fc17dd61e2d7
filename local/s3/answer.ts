/** The answers of operations: XML documents, empty bodies, and the headers that name a version and a checksum. */
import type { ServerResponse } from 'node:http';
import type { Bucket } from './buckets.ts';
import { type Checksum, checksumHeader } from './checksum.ts';
import { renderXml, type XmlContent } from './xml.ts';

export type AnswerHeaders = Readonly<Record<string, string | number>>;

export function sendXml(
  response: ServerResponse,
  root: string,
  content: XmlContent,
  headers: AnswerHeaders = {},
): void {
  const body = renderXml(root, content);
  const length = Buffer.byteLength(body);
  response.writeHead(200, { ...headers, 'content-type': 'application/xml', 'content-length': length });
  response.end(body);
}

export function sendEmpty(
  response: ServerResponse,
  status: 200 | 204 | 304,
  headers: AnswerHeaders = {},
): void {
  response.writeHead(status, status === 200 ? { ...headers, 'content-length': 0 } : headers);
  response.end();
}

/** The header of every object: S3 itself encrypts each at rest, asked or not. */
export const ENCRYPTED: AnswerHeaders = { 'x-amz-server-side-encryption': 'AES256' };

export function checksumHeaders(checksum: Checksum | undefined): AnswerHeaders {
  if (checksum === undefined) return {};
  return { [checksumHeader(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type };
}

export function checksumMembers(checksum: Checksum | undefined): Record<string, XmlContent> {
  if (checksum === undefined) return {};
  return { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type };
}

/** Returns the version header of an answer to a write. S3 names the version only while versioning is enabled. */
export function writtenVersionHeader({ versioning }: Bucket, versionId: string): AnswerHeaders {
  return versioning === 'Enabled' ? { 'x-amz-version-id': versionId } : {};
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}

/** Formats the date of a header: `Wed, 21 Oct 2015 07:28:00 GMT`. */
export function httpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

/** Formats the date of a document. S3 keeps whole seconds of an object's time and writes the milliseconds as zero. */
export function isoDate(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString();
}
