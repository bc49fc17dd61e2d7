/**
 * Makes branch keys in the Encryption SDK's key store, for the control plane. Each is under one tenant's KEK and bound
 * to the tenant's id. We never see their plaintext, because KMS makes and re-encrypts them by itself.
 */
import { randomUUID } from 'node:crypto';
import { BranchKeyStoreNode } from '@aws-crypto/branch-keystore-node';
import { AuthenticationFailedError, SealstreamError } from '../../errors.ts';
import type { Tenant } from '../../tenant/tenant.ts';
import { kmsFailure } from './kms-failure.ts';
import { type BranchKeyTable, KEY_STORE_NAME } from './key-store.ts';
import type { KmsOperation } from '../../ports/kms.ts';

type KmsClient = BranchKeyStoreNode['kmsClient'];

export interface KeyStorePorts {
  readonly table: BranchKeyTable;
  /** Returns the client of the key's region. */
  readonly kmsFor: (kekArn: string) => KmsClient;
}

export interface BranchKeys {
  /** Makes a branch key under the tenant's KEK. Returns its id, `{tenantId}.{uuid}`. */
  make(tenant: Owner): Promise<string>;
  /** Makes a new version of a branch key. The old versions stay readable. */
  version(tenant: Owner, branchKeyId: string): Promise<void>;
}

type Owner = Pick<Tenant, 'tenantId' | 'kekArn'>;

/**
 * Returns the two functions over the given ports. Each makes several calls; an error names the call that failed. Both
 * throw TenantKeyDeniedError, TenantKeyUnusableError, KmsUnavailableError, and StorageUnavailableError when the table
 * is out of reach. `version` throws AuthenticationFailedError for a row that is missing or altered.
 */
export function branchKeys(ports: KeyStorePorts): BranchKeys {
  return {
    async make(tenant) {
      const branchKeyIdentifier = `${tenant.tenantId}.${randomUUID()}`;
      const encryptionContext = { 'tenant-id': tenant.tenantId };
      await inKeyStore(ports, { ...tenant, branchKeyId: branchKeyIdentifier }, async (store) => {
        await store.createKey({ branchKeyIdentifier, encryptionContext });
      });
      return branchKeyIdentifier;
    },
    async version(tenant, branchKeyIdentifier) {
      await inKeyStore(ports, { ...tenant, branchKeyId: branchKeyIdentifier }, async (store) => {
        await store.versionKey({ branchKeyIdentifier });
      });
    },
  };
}

async function inKeyStore(
  { table, kmsFor }: KeyStorePorts,
  { tenantId, kekArn, branchKeyId }: Owner & { readonly branchKeyId: string },
  work: (store: BranchKeyStoreNode) => Promise<void>,
): Promise<void> {
  const witness: Witness = {};
  try {
    await work(storeOf(kekArn, table, watchCalls(kmsFor(kekArn), witness)));
  } catch (cause) {
    if (cause instanceof SealstreamError) throw cause;
    const { failed } = witness;
    if (failed !== undefined) throw kmsFailure(failed.cause, { tenantId, arn: kekArn }, failed.operation);
    throw new AuthenticationFailedError(`tenant ${tenantId}: branch key ${branchKeyId} does not verify`, {
      cause,
    });
  }
}

/** Returns the key store, strict: it uses this KEK and no other. */
function storeOf(kekArn: string, table: BranchKeyTable, kmsClient: KmsClient): BranchKeyStoreNode {
  return new BranchKeyStoreNode({
    storage: table,
    logicalKeyStoreName: KEY_STORE_NAME,
    keyManagement: { kmsClient },
    kmsConfiguration: { identifier: kekArn },
  });
}

/** The call of KMS that failed, and its exception. */
interface Witness {
  failed?: { readonly operation: KmsOperation; readonly cause: unknown };
}

type Command = Parameters<KmsClient['send']>[0];

/** Notes which call of the client failed. The key store makes two kinds of calls, and does not say which one failed. */
function watchCalls(client: KmsClient, witness: Witness): KmsClient {
  async function send(command: Command): Promise<object> {
    try {
      return await client.send(command);
    } catch (cause) {
      witness.failed = { operation: operationOf(command), cause };
      throw cause;
    }
  }
  return Object.create(client, { send: { value: send } });
}

/** Tells the two kinds of calls apart: only ReEncrypt sends a ciphertext. */
function operationOf({ input }: Command): KmsOperation {
  return 'CiphertextBlob' in input ? 'kms:ReEncrypt' : 'kms:GenerateDataKeyWithoutPlaintext';
}
