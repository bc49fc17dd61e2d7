/** Uploads of two chunks that a test waits for, or that wait for their tenant's key. */
import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { Uploaded } from '../../laptop/client.ts';
import { CHUNK_BYTES } from './chunk-bytes.ts';
import type { Pipeline } from './pipeline.ts';
import { sourceExists } from './sealed-once.ts';
import type { TenantHand } from './tenant-hand.ts';

/** The number of chunks of every upload here. */
export const CHUNKS = 2;
const BYTES = (CHUNKS - 1) * CHUNK_BYTES + 1000;

export interface WaitingUpload extends Uploaded {
  readonly content: Buffer;
}

export async function upload(
  pipeline: Pipeline,
  { tenantId }: TenantHand,
  key: string,
): Promise<WaitingUpload> {
  const content = randomBytes(BYTES);
  return { ...(await pipeline.client.upload(tenantId, key, content)), content };
}

export async function uploadSealed(
  pipeline: Pipeline,
  tenant: TenantHand,
  key: string,
): Promise<WaitingUpload> {
  const uploaded = await upload(pipeline, tenant, key);
  await pipeline.sealed(uploaded);
  return uploaded;
}

/** Uploads while the key cannot be used, and expects every job parked and nothing but the source there. */
export async function uploadParked(
  pipeline: Pipeline,
  tenant: TenantHand,
  key: string,
): Promise<WaitingUpload> {
  const uploaded = await upload(pipeline, tenant, key);
  await tenant.hasParked(CHUNKS);
  expect(await sourceExists(pipeline, uploaded)).toBe(true);
  expect(await pipeline.vaultKeys(`${uploaded.tenantId}/objects/${key}`)).toEqual([]);
  expect(await pipeline.vaultKeys(`${uploaded.tenantId}/chunks/${uploaded.objectId}/`)).toEqual([]);
  return uploaded;
}

/** Expects, once the key is back, that the upload is sealed, restored as it was, and parked no more. */
export async function expectComesBack(
  pipeline: Pipeline,
  tenant: TenantHand,
  waiting: WaitingUpload,
): Promise<void> {
  await pipeline.sealed(waiting);
  expect((await pipeline.restored(waiting.tenantId, waiting.key)).equals(waiting.content)).toBe(true);
  await tenant.hasParked(0);
}
