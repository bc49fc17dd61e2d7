/**
 * AWS's JSON protocols 1.0 and 1.1 in the exact form that the SDKs parse: a request has the header `X-Amz-Target:
 * Prefix.Operation` and a JSON body, an answer is a JSON body or an error envelope.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { crc32 } from 'node:zlib';
import { AwsError } from './service.ts';

interface Protocol {
  readonly target: string;
  readonly contentType: string;
  /** The prefix of the error's name in `__type`. */
  readonly namespace: string;
}

export interface JsonRequest {
  readonly operation: string;
  readonly body: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** The largest request body, a little above what any of the services takes (DynamoDB: 16 MB). */
const MAX_REQUEST_BYTES = 17 * 1024 * 1024;

const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  kms: { target: 'TrentService', contentType: 'application/x-amz-json-1.1', namespace: '' },
  events: { target: 'AWSEvents', contentType: 'application/x-amz-json-1.1', namespace: '' },
  sqs: { target: 'AmazonSQS', contentType: 'application/x-amz-json-1.0', namespace: 'com.amazonaws.sqs#' },
  dynamodb: {
    target: 'DynamoDB_20120810',
    contentType: 'application/x-amz-json-1.0',
    namespace: 'com.amazonaws.dynamodb.v20120810#',
  },
};

/** The names by which older SQS clients know errors, when they differ from those of the JSON protocol. */
const SQS_QUERY_CODES: Readonly<Record<string, string>> = {
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  QueueNameExists: 'QueueAlreadyExists',
  UnsupportedOperation: 'AWS.SimpleQueueService.UnsupportedOperation',
  MessageNotInflight: 'AWS.SimpleQueueService.MessageNotInflight',
  PurgeQueueInProgress: 'AWS.SimpleQueueService.PurgeQueueInProgress',
  EmptyBatchRequest: 'AWS.SimpleQueueService.EmptyBatchRequest',
  TooManyEntriesInBatchRequest: 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
  BatchEntryIdsNotDistinct: 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
  BatchRequestTooLong: 'AWS.SimpleQueueService.BatchRequestTooLong',
  InvalidBatchEntryId: 'AWS.SimpleQueueService.InvalidBatchEntryId',
  AccessDeniedException: 'AccessDenied',
  InvalidParameterValueException: 'InvalidParameterValue',
  MissingParameterException: 'MissingParameter',
};

/** Returns the service of an `X-Amz-Target`, for requests that carry no credential. */
export function serviceOfTarget(request: IncomingMessage): string | undefined {
  const prefix = targetOf(request).split('.')[0];
  return Object.entries(PROTOCOLS).find(([, protocol]) => protocol.target === prefix)?.[0];
}

/**
 * Reads operation and input.
 * @throws UnknownOperationException, SerializationException, or RequestEntityTooLarge
 */
export async function readJsonRequest(service: string, request: IncomingMessage): Promise<JsonRequest> {
  const [prefix, operation] = targetOf(request).split('.');
  if (prefix !== PROTOCOLS[service]?.target || operation === undefined)
    throw new AwsError('UnknownOperationException', 400, '');
  const body = await readBody(request);
  return { operation, body, input: parseObject(body === '' ? '{}' : body) };
}

/** Answers 200 with `output`. */
export function sendJson(service: string, response: ServerResponse, output: object): void {
  send(service, response, 200, output);
}

/** Answers an error in the envelope of `service`. */
export function sendJsonError(service: string, response: ServerResponse, error: AwsError): void {
  response.setHeader('x-amzn-errortype', error.code);
  if (service === 'sqs') response.setHeader('x-amzn-query-error', queryError(error));
  const type = `${PROTOCOLS[service]?.namespace ?? ''}${error.code}`;
  send(service, response, error.status, { __type: type, message: error.message, ...error.members });
}

function send(service: string, response: ServerResponse, status: number, output: object): void {
  const body = Buffer.from(JSON.stringify(output));
  if (service === 'dynamodb') response.setHeader('x-amz-crc32', crc32(body));
  response.writeHead(status, {
    'content-type': PROTOCOLS[service]?.contentType ?? 'application/json',
    'content-length': body.length,
  });
  response.end(body);
}

function queryError({ code, status }: AwsError): string {
  return `${SQS_QUERY_CODES[code] ?? code};${status < 500 ? 'Sender' : 'Receiver'}`;
}

function targetOf(request: IncomingMessage): string {
  const target = request.headers['x-amz-target'];
  return typeof target === 'string' ? target : '';
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_REQUEST_BYTES) throw new AwsError('RequestEntityTooLarge', 413, 'Request is too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function parseObject(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Anything that is not a JSON object gets the one answer below.
  }
  throw new AwsError('SerializationException', 400, 'Could not parse the request body as a JSON object');
}
