/** The product's own reader over the local AWS, as one more program. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMS } from '@aws-sdk/client-kms';
import { readFile } from 'node:fs/promises';
import { ISV_ACCOUNT, KEY_STORE_TABLE } from '../../laptop/names.ts';
import { materialsCache } from '../../shared/envelope/cache/materials-cache.ts';
import { type Kek, kekOf } from '../../shared/envelope/kms/kek.ts';
import { decryptWhole } from '../../shared/envelope/message/decrypt.ts';
import { AuthenticationFailedError, ContextMismatchError } from '../../shared/errors.ts';
import type { Pipeline } from '../support/pipeline.ts';
import type { Answer, OpenTask } from './tasks.ts';
import { sha256Of } from './trial.ts';
import type { TenantVault } from './vault.ts';

/** Opens a message with the product's codec. Only the product's refusal of a message counts as one. */
export async function openWithProduct(
  pipeline: Pipeline,
  vault: TenantVault,
  { id, message, context }: OpenTask,
): Promise<Answer> {
  try {
    const plaintext = await decryptWhole(kekIn(pipeline, vault), await readFile(message), context);
    return { id, sha256: sha256Of(plaintext) };
  } catch (error) {
    if (error instanceof AuthenticationFailedError || error instanceof ContextMismatchError)
      return { id, refused: error.message };
    throw error;
  }
}

function kekIn(pipeline: Pipeline, { tenant, key }: TenantVault): Kek {
  const ddbClient = new DynamoDBClient(pipeline.identity(ISV_ACCOUNT));
  return kekOf(tenant, {
    kms: new KMS(pipeline.identity(key.accountId)),
    branchKeys: { ddbTableName: KEY_STORE_TABLE, ddbClient },
    cache: materialsCache(),
    recordUse: () => undefined,
  });
}
