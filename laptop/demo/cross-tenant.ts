/** Tries to open one tenant's object as another: by its account, by its key, by its name. All must be refused. */
import { KMS } from '@aws-sdk/client-kms';
import { CopyObjectCommand, DeleteObjectCommand } from '@aws-sdk/client-s3';
import { s3Vault } from '../../shared/aws/s3-vault.ts';
import { branchKeyTable } from '../../shared/aws/branch-key-table.ts';
import { chunkKey, entryKey } from '../../shared/object/vault-key.ts';
import { chunkContext, type EncryptionContext, inlineContext } from '../../shared/object/context.ts';
import { decryptWhole } from '../../shared/envelope/message/decrypt.ts';
import { type Kek, kekOf } from '../../shared/envelope/kms/kek.ts';
import { materialsCache } from '../../shared/envelope/cache/materials-cache.ts';
import { SealstreamError } from '../../shared/errors.ts';
import { maxChunkBytes } from '../../shared/manifest/chunk-size.ts';
import { decodeInlineClearPart, isInline } from '../../shared/manifest/inline.ts';
import { decodeManifest } from '../../shared/manifest/manifest.ts';
import { tenantSchema } from '../../shared/tenant/tenant.ts';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import { ISV_ACCOUNT, REGION, RESTORE_ROLE, VAULT_BUCKET } from '../names.ts';
import { InvocationError, type PipelineClient, type Uploaded } from '../client.ts';

/** One attempt and the code it was refused with; undefined when it was not refused. */
export interface Attempt {
  readonly how: string;
  readonly refusedWith: string | undefined;
}

/** Sealed objects of two tenants. */
export interface Tenants {
  readonly victim: Uploaded;
  readonly intruder: Uploaded;
}

/** Tries in every way to open the victim's object as the intruder. */
export async function tryCrossTenant(
  client: PipelineClient,
  endpoint: string,
  { victim, intruder }: Tenants,
): Promise<readonly Attempt[]> {
  const theirs = await firstMessageOf(client, victim);
  const ours = await firstMessageOf(client, intruder);
  const asIntruder = new KMS(identity(endpoint, ours.kekArn.split(':')[4] ?? ''));
  const asRestore = new KMS(identity(endpoint, `${ISV_ACCOUNT}.${RESTORE_ROLE}`));
  const { tenantId } = intruder;
  return [
    await attempt(`${tenantId}'s account asks ${victim.tenantId}'s key to unwrap`, async () => {
      await decryptWhole(kekAt(tenantId, theirs.kekArn, asIntruder), theirs.message, theirs.context);
    }),
    await attempt(`our restore role tries ${tenantId}'s key`, async () => {
      await decryptWhole(kekAt(tenantId, ours.kekArn, asRestore), theirs.message, theirs.context);
    }),
    await attempt(`${victim.tenantId}'s object is copied under ${tenantId}'s name`, async () => {
      await restoreCopy(client, victim, intruder);
    }),
  ];
}

function kekAt(tenantId: TenantId, arn: string, kms: KMS): Kek {
  const keys = {
    kms,
    branchKeys: branchKeyTable('none'),
    cache: materialsCache(),
    recordUse: () => undefined,
  };
  const signal = { name: 'registered', at: new Date().toISOString() };
  return kekOf(tenantSchema.parse({ tenantId, kekArn: arn, status: 'active', epoch: 0, signal }), keys);
}

async function restoreCopy(client: PipelineClient, victim: Uploaded, intruder: Uploaded): Promise<void> {
  const key = `copied from ${victim.tenantId}`;
  const Key = entryKey(intruder.tenantId, key);
  const source = `${VAULT_BUCKET}/${encodeURIComponent(entryKey(victim.tenantId, victim.key))}`;
  await client.s3.send(new CopyObjectCommand({ Bucket: VAULT_BUCKET, Key, CopySource: source }));
  try {
    await client.restore({ tenantId: intruder.tenantId, key });
  } finally {
    await client.s3.send(new DeleteObjectCommand({ Bucket: VAULT_BUCKET, Key }));
  }
}

/** Only a refusal of ours counts; any other failure is the demo's own and ends it. */
async function attempt(how: string, open: () => Promise<void>): Promise<Attempt> {
  try {
    await open();
    return { how, refusedWith: undefined };
  } catch (error) {
    if (error instanceof SealstreamError || error instanceof InvocationError)
      return { how, refusedWith: error.code };
    throw error;
  }
}

interface FirstMessage {
  readonly kekArn: string;
  readonly message: Uint8Array;
  readonly context: EncryptionContext;
}

/** Reads the message that holds the first bytes of an object: its first chunk, or all of a small object. */
async function firstMessageOf(
  { s3 }: PipelineClient,
  { tenantId, key, objectId }: Uploaded,
): Promise<FirstMessage> {
  const vault = s3Vault(s3, VAULT_BUCKET);
  const entry = await vault.getEntry(entryKey(tenantId, key));
  if (entry !== undefined && isInline(entry)) {
    const { kekArn } = decodeInlineClearPart(entry);
    return { kekArn, message: entry.body, context: inlineContext(tenantId, objectId) };
  }
  const { clear } = decodeManifest(entry?.body ?? new Uint8Array());
  const { signal } = new AbortController();
  const chunk = await vault.getChunk(chunkKey(tenantId, objectId, 0), maxChunkBytes(clear, 0), signal);
  const message = Buffer.concat(await Array.fromAsync(chunk ?? []));
  return { kekArn: clear.kekArn, message, context: chunkContext(clear, 0) };
}

function identity(endpoint: string, accessKeyId: string) {
  return { endpoint, region: REGION, credentials: { accessKeyId, secretAccessKey: 'local' } };
}
