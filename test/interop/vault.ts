/** What the pipeline leaves in the vault for a tenant of each kind, saved as files. */
import { CreateKeyCommand, ReplicateKeyCommand } from '@aws-sdk/client-kms';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { REGION, ROLE_ARNS, VAULT_BUCKET } from '../../laptop/names.ts';
import type { Uploaded } from '../../laptop/client.ts';
import { keyPolicy } from '../../shared/handover/key-policy.ts';
import { MAX_INLINE_BYTES } from '../../shared/object/geometry.ts';
import type { ObjectId } from '../../shared/object/object-id.ts';
import { chunkPrefix, entryKey } from '../../shared/object/vault-key.ts';
import type { KeyMode, Tenant } from '../../shared/tenant/tenant.ts';
import type { Pipeline, TenantName } from '../support/pipeline.ts';
import { TenantHand } from '../support/tenant-hand.ts';
import { sha256Of, type Trial } from './trial.ts';
import type { ReadTask, TenantKey } from './tasks.ts';

/** A chunk of two full frames and half of one. */
export const CHUNK_BYTES = 2_621_440;
/** The chunks of the object that is forged. */
export const CHUNK_COUNT = 3;
/** Variables of the local AWS. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  CHUNK_BYTES: String(CHUNK_BYTES),
  INLINE_BYTES: String(MAX_INLINE_BYTES),
};

const AWAY = 'eu-west-1';

/** The name of the object whose first chunk is forged. */
export const CHUNKED = '%41 🚀/several chunks+ü.bin';

/** The objects of every tenant, and their sizes. */
const OBJECTS: Readonly<Record<string, number>> = {
  empty: 0,
  'a b+c&d=ü é.txt': 1,
  '📦 the largest message': MAX_INLINE_BYTES,
  'ein Stück/two frames, and an empty one': 2 * MAX_INLINE_BYTES,
  [CHUNKED]: 2 * CHUNK_BYTES + MAX_INLINE_BYTES + 1,
  // With the tenant's folder it is too long for S3 (FORMAT rule 4).
  ['ü'.repeat(506)]: 10,
};

const ATTRIBUTES = { contentType: 'text/plain', metadata: { note: 'kept' }, tags: { colour: 'blue' } };

const KEY_MODE: Readonly<Record<TenantName, KeyMode>> = {
  acme: 'per-chunk',
  globex: 'cached',
  initech: 'hierarchical',
  // Its KEK is a multi-Region key with a replica.
  umbrella: 'per-chunk',
};

/** A tenant, and the trials of reading its objects without the product. */
export interface TenantVault {
  readonly tenant: Tenant;
  readonly key: TenantKey;
  readonly reads: readonly Trial[];
  /** What was uploaded, by name. */
  readonly uploads: ReadonlyMap<string, { readonly objectId: ObjectId; readonly content: Buffer }>;
  /** The folder of its chunks. */
  readonly chunks: string;
}

export type Vault = Readonly<Record<TenantName, TenantVault>>;

/** Uploads the objects for every tenant, waits until they are sealed, and saves what rests in the vault. */
export async function fillVault(pipeline: Pipeline, folder: string): Promise<Vault> {
  const [acme, globex, initech, umbrella] = await Promise.all([
    fillFor('acme', pipeline, folder),
    fillFor('globex', pipeline, folder),
    fillFor('initech', pipeline, folder),
    fillFor('umbrella', pipeline, folder),
  ]);
  return { acme, globex, initech, umbrella };
}

async function fillFor(name: TenantName, pipeline: Pipeline, folder: string): Promise<TenantVault> {
  const hand = new TenantHand(pipeline, name);
  const tenant = await settle(name, pipeline, hand);
  const { kekArn, branchKeyId, replicaArns } = tenant;
  const key = { accountId: hand.accountId, kekArn, branchKeyId };
  const chunks = join(folder, name, 'chunks');
  const reads: Trial[] = [];
  const uploads = new Map<string, { readonly objectId: ObjectId; readonly content: Buffer }>();
  for (const [object, bytes] of Object.entries(OBJECTS)) {
    const content = randomBytes(bytes);
    const uploaded = await pipeline.client.upload(name, object, content, ATTRIBUTES);
    await pipeline.sealed(uploaded);
    uploads.set(object, { objectId: uploaded.objectId, content });
    const saved = await save(pipeline, uploaded, folder);
    if ((saved.clear !== undefined) !== bytes <= MAX_INLINE_BYTES)
      throw new Error(`${object} rests otherwise`);
    const id = `${name}, ${KEY_MODE[name]}: ${object}`;
    const task = { task: 'read' as const, id, key, tenantId: name, name: object, chunks, ...saved };
    const sha256 = sha256Of(content);
    reads.push({ task, sha256 });
    for (const replicaArn of replicaArns)
      reads.push({ task: { ...task, id: `${id}, by the replica`, key: { ...key, replicaArn } }, sha256 });
  }
  return { tenant, key, reads, uploads, chunks };
}

/** Brings a tenant into its key mode. */
async function settle(name: TenantName, { client }: Pipeline, hand: TenantHand): Promise<Tenant> {
  const settings = { tenantId: name, keyMode: KEY_MODE[name], maxKeyAgeSeconds: 3_600 };
  const action =
    name === 'umbrella' ? { action: 'add', ...(await multiRegionKey(hand)) } : { action: 'change-key' };
  await client.invoke('onboard', { ...action, ...settings });
  return await hand.becomes('active');
}

/** Makes a multi-Region key of the tenant and one replica of it. Returns the settings that name them. */
async function multiRegionKey({
  kms,
  tenantId,
  accountId,
}: TenantHand): Promise<Pick<Tenant, 'kekArn' | 'replicaArns'>> {
  const Policy = JSON.stringify(keyPolicy({ tenantId, tenantAccountId: accountId, ...ROLE_ARNS }));
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Policy, MultiRegion: true }));
  const kekArn = KeyMetadata?.Arn ?? '';
  await kms.send(new ReplicateKeyCommand({ KeyId: kekArn, ReplicaRegion: AWAY, Policy }));
  return { kekArn, replicaArns: [kekArn.replace(REGION, AWAY)] };
}

/** Saves what rests of an object as files: its entry, and its chunks under `{tenantId}/chunks`. */
async function save(
  pipeline: Pipeline,
  { tenantId, objectId, key }: Uploaded,
  folder: string,
): Promise<Pick<ReadTask, 'entry' | 'clear'>> {
  const place = entryKey(tenantId, key);
  const entry = join(folder, tenantId, 'entries', objectId);
  await saveOne(pipeline, place, entry);
  for (const chunk of await pipeline.vaultKeys(chunkPrefix(tenantId, objectId)))
    await saveOne(pipeline, chunk, join(folder, chunk));
  return { entry, clear: await pipeline.clearPartOf(place) };
}

async function saveOne(pipeline: Pipeline, place: string, file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, await pipeline.read(VAULT_BUCKET, place));
}
