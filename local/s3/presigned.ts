/** The lifetime of a presigned URL. The local AWS enforces it also when it verifies no signatures. */
import { accessDenied } from './errors.ts';

/** @throws AccessDenied when the URL's X-Amz-Expires seconds have passed. URLs without it do not expire */
export function assertNotExpired(query: URLSearchParams, nowMs: number): void {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get('X-Amz-Date') ?? '') ?? [];
  const expiresSeconds = Number(query.get('X-Amz-Expires') ?? Number.NaN);
  if (second === undefined || Number.isNaN(expiresSeconds)) return;
  const signedMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (nowMs > signedMs + expiresSeconds * 1000) throw accessDenied('Request has expired');
}
