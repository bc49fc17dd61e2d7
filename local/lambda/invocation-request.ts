/** The body and headers of an Invoke request, checked as Lambda checks them. */
import type { IncomingMessage } from 'node:http';
import { AwsError } from '../front/service.ts';

export interface InvocationRequest {
  readonly type: 'RequestResponse' | 'Event' | 'DryRun';
  /** The event as JSON text; `{}` when the request had no body. */
  readonly event: string;
}

/** Lambda's limits: 6 MB for a synchronous invocation, 1 MB for an asynchronous one. */
const MAX_PAYLOAD_BYTES = { RequestResponse: 6_291_456, DryRun: 6_291_456, Event: 1_048_576 };

/** Headers that would change what an invocation means. */
const UNSUPPORTED_HEADERS = ['x-amz-client-context', 'x-amz-durable-execution-name', 'x-amz-tenant-id'];

/**
 * Reads the body and checks the headers.
 * @throws RequestTooLargeException (413), InvalidRequestContentException (400), InvalidParameterValueException
 * (400), or NotImplemented (501)
 */
export async function readInvocation(request: IncomingMessage): Promise<InvocationRequest> {
  for (const name of UNSUPPORTED_HEADERS)
    if (request.headers[name] !== undefined)
      throw new AwsError('NotImplemented', 501, `${name} is not implemented`);
  if (request.headers['x-amz-log-type'] === 'Tail')
    throw new AwsError('NotImplemented', 501, 'LogType Tail is not implemented');
  const type = invocationType(request.headers['x-amz-invocation-type'] ?? 'RequestResponse');
  const event = await readBody(request, MAX_PAYLOAD_BYTES[type]);
  if (event === '') return { type, event: '{}' };
  try {
    JSON.parse(event);
  } catch {
    throw new AwsError('InvalidRequestContentException', 400, 'Could not parse request body into json');
  }
  return { type, event };
}

function invocationType(header: string | string[]): InvocationRequest['type'] {
  if (header === 'RequestResponse' || header === 'Event' || header === 'DryRun') return header;
  throw new AwsError('InvalidParameterValueException', 400, `Unsupported invocation type: ${String(header)}`);
}

/** Reads the whole body before it refuses it, so that the client receives the answer. */
async function readBody(request: IncomingMessage, maximumBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes <= maximumBytes) parts.push(part);
  }
  if (bytes > maximumBytes)
    throw new AwsError(
      'RequestTooLargeException',
      413,
      `Request must be smaller than ${maximumBytes} bytes for the InvokeFunction operation`,
    );
  return Buffer.concat(parts).toString('utf8');
}
