/**
 * What an ISV's application does with the pipeline: upload an object for a tenant, wait until it is sealed, have it
 * restored. Used by the demo, the benchmarks and the flow tests, always over HTTP.
 */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { setTimeout as delay } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import * as z from 'zod';
import { objectIdOf, type ObjectId } from '../shared/object/object-id.ts';
import { chunkPrefix, entryKey } from '../shared/object/vault-key.ts';
import { readAsSent } from '../shared/aws/s3-answers.ts';
import { byteStream } from '../shared/aws/s3-body.ts';
import { type TenantId, tenantIdSchema } from '../shared/tenant/tenant-id.ts';
import { functionName, INGEST_BUCKET, ISV_ACCOUNT, REGION, VAULT_BUCKET } from './names.ts';

export interface Uploaded {
  readonly tenantId: TenantId;
  readonly key: string;
  readonly objectId: ObjectId;
  readonly versionId: string;
}

export interface UploadOptions {
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly onProgress?: (uploadedBytes: number) => void;
}

/** A function that failed, as Lambda reports it. */
export class InvocationError extends Error {
  override readonly name = 'InvocationError';
  /** `errorType`: our error code where the error was ours. */
  readonly code: string;
  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

const answerSchema = z.record(z.string(), z.unknown());

/** The pause between two looks at the vault. */
const POLL_MS = 100;

export class PipelineClient {
  readonly s3: S3Client;
  readonly #lambda: LambdaClient;

  constructor(endpoint: string) {
    const credentials = { accessKeyId: ISV_ACCOUNT, secretAccessKey: 'local' };
    // An upload may have an Expires header that the SDK's own client fails on.
    this.s3 = readAsSent(new S3Client({ endpoint, region: REGION, credentials }));
    // A restore of gigabytes answers when it is done; it must not be sent twice.
    this.#lambda = new LambdaClient({ endpoint, region: REGION, credentials, maxAttempts: 1 });
  }

  async upload(
    tenant: string,
    key: string,
    body: Buffer | Readable,
    options: UploadOptions = {},
  ): Promise<Uploaded> {
    const tenantId = tenantIdSchema.parse(tenant);
    const source = { Bucket: INGEST_BUCKET, Key: `${tenantId}/${key}` };
    const upload = new Upload({
      client: this.s3,
      params: {
        ...source,
        Body: body,
        ContentType: options.contentType,
        Metadata: options.metadata,
        Tagging: new URLSearchParams(options.tags).toString() || undefined,
      },
      partSize: 16 * 1_048_576,
    });
    upload.on('httpUploadProgress', ({ loaded = 0 }) => options.onProgress?.(loaded));
    const { VersionId: versionId = '' } = await upload.done();
    return { tenantId, key, objectId: objectIdOf(source.Bucket, source.Key, versionId), versionId };
  }

  /**
   * Resolves once the object is sealed and its source version deleted; reports chunks written so far meanwhile.
   * Rejects with the signal's reason when that comes first.
   */
  async sealed(
    uploaded: Uploaded,
    signal: AbortSignal,
    onProgress?: (chunks: number) => void,
  ): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      if (onProgress !== undefined) onProgress(await this.#chunkCount(uploaded));
      if ((await this.#isSealed(uploaded)) && !(await this.#sourceExists(uploaded))) return;
      await delay(POLL_MS);
    }
  }

  /** Invokes `restore` and returns what it answers. Throws InvocationError when it failed. */
  async restore(request: object): Promise<Record<string, unknown>> {
    return await this.invoke('restore', request);
  }

  async invoke(name: string, event: object): Promise<Record<string, unknown>> {
    const command = new InvokeCommand({ FunctionName: functionName(name), Payload: JSON.stringify(event) });
    const { FunctionError, Payload } = await this.#lambda.send(command);
    const answer = answerSchema.parse(JSON.parse(Payload?.transformToString() ?? '{}'));
    if (FunctionError !== undefined)
      throw new InvocationError(String(answer['errorType']), String(answer['errorMessage']));
    return answer;
  }

  async read(bucket: string, key: string): Promise<AsyncIterable<Uint8Array>> {
    return byteStream((await this.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))).Body);
  }

  async #chunkCount({ tenantId, objectId }: Uploaded): Promise<number> {
    const command = new ListObjectsV2Command({
      Bucket: VAULT_BUCKET,
      Prefix: chunkPrefix(tenantId, objectId),
    });
    return (await this.s3.send(command)).KeyCount ?? 0;
  }

  async #isSealed({ tenantId, key }: Uploaded): Promise<boolean> {
    return await this.#exists({ Bucket: VAULT_BUCKET, Key: entryKey(tenantId, key) });
  }

  async #sourceExists({ tenantId, key, versionId }: Uploaded): Promise<boolean> {
    return await this.#exists({ Bucket: INGEST_BUCKET, Key: `${tenantId}/${key}`, VersionId: versionId });
  }

  async #exists(object: { Bucket: string; Key: string; VersionId?: string }): Promise<boolean> {
    try {
      await this.s3.send(new HeadObjectCommand(object));
      return true;
    } catch (error) {
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return false;
      throw error;
    }
  }
}
