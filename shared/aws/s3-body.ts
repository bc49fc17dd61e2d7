/** The body of a GetObject answer. */
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { StorageUnavailableError } from '../errors.ts';
import type { ByteStream } from '../ports.ts';

/** In Node the SDK's body is always a Readable of Buffers. */
export function byteStream(body: GetObjectCommandOutput['Body']): ByteStream {
  if (body instanceof Readable) return body;
  throw new StorageUnavailableError('s3:GetObject answered without a body');
}
