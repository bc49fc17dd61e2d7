/**
 * Tells programs on this laptop from web pages in its browser. Any page can reach 127.0.0.1: by a name that its
 * owner resolves to this address (DNS rebinding), or by a request whose answer the page may not read but which
 * takes effect. Signatures are not verified by default and the control API takes no credential, so such a page
 * could invoke functions and read plaintext. A page cannot choose the values of the three headers that are checked
 * here.
 */
import type { IncomingMessage } from 'node:http';
import { AwsError } from './service.ts';

/** Names that mean this machine only: as they are, with a bucket before them, or as `bucket.s3.localhost`. */
const HOST = /^(?:127\.0\.0\.1|\[::1\]|(?:[a-z0-9-]+\.)*localhost)(?::(?<port>\d+))?$/i;
/** The port of a Host header that names none. */
const HTTP_PORT = 80;

/** Returns AccessDenied (403), or undefined when a program on this machine sends the request. */
export function refusalOfWebPage({ headers, socket }: IncomingMessage): AwsError | undefined {
  const { host = '', origin } = headers;
  const site = headers['sec-fetch-site'] ?? 'none';
  if (!namesUs(host, socket.localPort))
    return refusal(`the header Host names 127.0.0.1 or localhost, and port ${socket.localPort}`);
  // A page of our own origin is refused as well: it would be an object that somebody uploaded.
  if (origin !== undefined) return refusal('no header Origin, which browsers send for a page');
  // The value `none` means that a person opens a presigned URL.
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
