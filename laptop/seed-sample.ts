/**
 * A first object to take through the pipeline by hand: acme/hello.txt. On fresh data it is the first write of all, so
 * that its version id is the one the files in events/ name.
 */
import { HeadObjectCommand, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { entryKey } from '../shared/object/vault-key.ts';
import { tenantIdSchema } from '../shared/tenant/tenant-id.ts';
import { INGEST_BUCKET, ISV_ACCOUNT, REGION, VAULT_BUCKET } from './names.ts';

const TENANT = tenantIdSchema.parse('acme');
const KEY = 'hello.txt';
const CONTENT = 'Hello, vault.\n';

/** Uploads it unless it is there already, or sealed. */
export async function seedSample(endpoint: string): Promise<void> {
  const credentials = { accessKeyId: ISV_ACCOUNT, secretAccessKey: 'local' };
  const s3 = new S3Client({ endpoint, region: REGION, credentials });
  const source = { Bucket: INGEST_BUCKET, Key: `${TENANT}/${KEY}` };
  if (await exists(s3, source)) return;
  if (await exists(s3, { Bucket: VAULT_BUCKET, Key: entryKey(TENANT, KEY) })) return;
  await s3.send(new PutObjectCommand({ ...source, Body: CONTENT, ContentType: 'text/plain' }));
}

async function exists(
  s3: S3Client,
  object: { readonly Bucket: string; readonly Key: string },
): Promise<boolean> {
  try {
    await s3.send(new HeadObjectCommand(object));
    return true;
  } catch (error) {
    if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return false;
    throw error;
  }
}
