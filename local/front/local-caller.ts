/**
 * Tells programs on this laptop from web pages in its browser. A page of anybody's reaches 127.0.0.1 as well: by a name
 * that its owner has resolve to it (DNS rebinding), or by a request whose answer the page may not read but whose effect
 * stays. No signature is verified and the control API takes no credential, so that such a page could invoke functions
 * and read plaintext. A page cannot choose what these three headers say.
 */
import type { IncomingMessage } from 'node:http';
import { AwsError } from './service.ts';

/** Names that only this machine answers to, as they are, with a bucket before them, or as `bucket.s3.localhost`. */
const HOST = /^(?:127\.0\.0\.1|\[::1\]|(?:[a-z0-9-]+\.)*localhost)(?::(?<port>\d+))?$/i;
/** What a Host header without a port means. */
const HTTP_PORT = 80;

/** `AccessDenied`, as 403, unless a program on this machine sends the request. */
export function refusalOfWebPage({ headers, socket }: IncomingMessage): AwsError | undefined {
  const { host = '', origin } = headers;
  const site = headers['sec-fetch-site'] ?? 'none';
  if (!namesUs(host, socket.localPort))
    return refusal(`the header Host names 127.0.0.1 or localhost, and port ${socket.localPort}`);
  // Not even a page of our own origin: it would be an object that somebody uploaded.
  if (origin !== undefined) return refusal('no header Origin, which browsers send for a page');
  // `none` is a person's own doing, who opens a presigned URL.
  if (site !== 'none') return refusal('no header Sec-Fetch-Site but `none`, the person at the browser');
  return undefined;
}

function namesUs(host: string, port: number | undefined): boolean {
  const named = HOST.exec(host);
  return named !== null && Number(named.groups?.['port'] ?? HTTP_PORT) === port;
}

function refusal(expected: string): AwsError {
  const message = `The local AWS takes requests of programs on this machine, not of web pages. It expects ${expected}.`;
  return new AwsError('AccessDenied', 403, message);
}
