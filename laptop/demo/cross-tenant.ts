/** Tries to open one tenant's object as another: by its account, by its key, by its name. All must be refused. */
import { KMS } from '@aws-sdk/client-kms';
import { CopyObjectCommand, DeleteObjectCommand } from '@aws-sdk/client-s3';
import { branchKeyTable } from '../../shared/aws/branch-key-table.ts';
import { chunkKey, manifestKey } from '../../shared/object/vault-key.ts';
import { chunkContext } from '../../shared/object/context.ts';
import { decryptWhole } from '../../shared/envelope/message/decrypt.ts';
import { type Kek, kekOf } from '../../shared/envelope/kms/kek.ts';
import { materialsCache } from '../../shared/envelope/cache/materials-cache.ts';
import { SealstreamError } from '../../shared/errors.ts';
import { type ClearPart, decodeManifest } from '../../shared/manifest/manifest.ts';
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
  const theirs = await manifestOf(client, victim);
  const ours = await manifestOf(client, intruder);
  const chunk = await whole(client, chunkKey(victim.tenantId, victim.objectId, 0));
  const context = chunkContext(theirs, 0);
  const asIntruder = new KMS(identity(endpoint, ours.kekArn.split(':')[4] ?? ''));
  const asRestore = new KMS(identity(endpoint, `${ISV_ACCOUNT}.${RESTORE_ROLE}`));
  const { tenantId } = intruder;
  return [
    await attempt(`${tenantId}'s account asks ${victim.tenantId}'s key to unwrap`, async () => {
      await decryptWhole(kekAt(tenantId, theirs.kekArn, asIntruder), chunk, context);
    }),
    await attempt(`our restore role tries ${tenantId}'s key`, async () => {
      await decryptWhole(kekAt(tenantId, ours.kekArn, asRestore), chunk, context);
    }),
    await attempt(`${victim.tenantId}'s manifest is copied under ${tenantId}'s name`, async () => {
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
  const Key = manifestKey(intruder.tenantId, key);
  const source = `${VAULT_BUCKET}/${encodeURIComponent(manifestKey(victim.tenantId, victim.key))}`;
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

async function manifestOf(client: PipelineClient, { tenantId, key }: Uploaded): Promise<ClearPart> {
  return decodeManifest(await whole(client, manifestKey(tenantId, key))).clear;
}

async function whole(client: PipelineClient, key: string): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(await client.read(VAULT_BUCKET, key)));
}

function identity(endpoint: string, accessKeyId: string) {
  return { endpoint, region: REGION, credentials: { accessKeyId, secretAccessKey: 'local' } };
}
