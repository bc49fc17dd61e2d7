/**
 * The S3 of the local AWS. It answers what SDK v3 sends as S3 does, and NotImplemented to the rest. Large bodies
 * are files on disk, everything else is in an index beside them; both survive a restart.
 */
import { mkdir } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Authorizer } from '../iam/authorizer.ts';
import type { AwsError, Caller, Clock, Deliver, HttpService } from '../front/service.ts';
import { openDatabase } from '../sqlite/database.ts';
import { openBodies } from './bodies.ts';
import { createBuckets } from './buckets.ts';
import { operationOf, readCall } from './call.ts';
import { createContents } from './contents.ts';
import { createSequence, INDEX_SCHEMA } from './database.ts';
import { accessDenied } from './errors.ts';
import { assertKnownHeaders } from './known-headers.ts';
import { hostId } from './notification-event.ts';
import { createNotifications } from './notifications.ts';
import { runOperation } from './operations.ts';
import { createPendingWrites } from './pending-writes.ts';
import { assertNotExpired } from './presigned.ts';
import { assertSignature } from './signature.ts';
import type { Store } from './store.ts';
import { createUploads } from './uploads.ts';
import { createVersions } from './versions.ts';
import { renderXml } from './xml.ts';

export interface S3Options {
  /** The folder of the data, made when it does not exist. */
  readonly dataDir: string;
  /** True when no later S3 opens the folder. Default false. */
  readonly isTemporary?: boolean;
  readonly clock: Clock;
  readonly authorizer: Authorizer;
  /** Delivers notifications to queues, functions and, as an AwsEvent for a bus's ARN, EventBridge. */
  readonly deliver: Deliver;
  /** True when requests must be signed with the secret `local`. Default false: any secret will do. */
  readonly verifySignatures?: boolean;
}

export interface S3 extends HttpService {
  /** Ends the deliveries under way and closes the index. Call it after the last request. */
  close(): Promise<void>;
}

export async function createS3(options: S3Options): Promise<S3> {
  const store = await openStore(options);
  store.notifications.wake();
  return {
    operation: operationOf,
    errorBody,
    async handle(request, response, url, caller) {
      try {
        await handle(store, options, request, response, url, caller);
      } finally {
        // The bytes that a refusal left unread would otherwise be taken for the next request.
        request.resume();
      }
    },
    async close() {
      await store.notifications.close();
      store.database.close();
    },
  };
}

async function openStore({ dataDir, isTemporary, clock, authorizer, deliver }: S3Options): Promise<Store> {
  await mkdir(dataDir, { recursive: true });
  const database = openDatabase(join(dataDir, 'index.sqlite'), INDEX_SCHEMA, { isTemporary });
  const bodies = await openBodies(database, join(dataDir, 'bodies'));
  const contents = createContents(database, bodies);
  await contents.sweep();
  return {
    database,
    bodies,
    contents,
    clock,
    authorizer,
    nextSequence: createSequence(database),
    buckets: createBuckets(database),
    versions: createVersions(database),
    uploads: createUploads(database),
    pendingWrites: createPendingWrites(),
    notifications: createNotifications({ database, clock, deliver }),
  };
}

async function handle(
  store: Store,
  { deliver, verifySignatures = false }: S3Options,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  caller: Caller,
): Promise<void> {
  response.setHeader('x-amz-request-id', caller.requestId);
  response.setHeader('x-amz-id-2', hostId(caller.requestId));
  const isSigned = request.headers.authorization !== undefined || url.searchParams.has('X-Amz-Credential');
  if (!isSigned) throw accessDenied();
  if (verifySignatures) assertSignature(request);
  assertNotExpired(url.searchParams, store.clock.now());
  const call = readCall(request, response, url, caller);
  assertKnownHeaders(call.headers);
  await runOperation(store, call, deliver);
}

function errorBody(error: AwsError, url: URL, caller: Caller): { contentType: string; body: string } {
  const content = {
    Code: error.code,
    Message: error.message,
    ...Object.fromEntries(Object.entries(error.members).map(([name, value]) => [name, String(value)])),
    Resource: url.pathname,
    RequestId: caller.requestId,
    HostId: hostId(caller.requestId),
  };
  return { contentType: 'application/xml', body: renderXml('Error', content, null) };
}
