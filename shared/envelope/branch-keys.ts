/**
 * Branch keys in the Encryption SDK's key store, as the control plane makes them: each under one tenant's KEK and
 * bound to its id. Their plaintext is never seen here: KMS makes and re-encrypts them by itself.
 */
import { randomUUID } from 'node:crypto';
import { BranchKeyStoreNode } from '@aws-crypto/client-node';
import { SealstreamError } from '../errors.ts';
import type { Tenant } from '../tenant/tenant.ts';
import { kmsFailure } from './kms-failure.ts';

/** Bound into every branch key. Never changes: the table behind it may. */
export const KEY_STORE_NAME = 'sealstream';

type StoreInput = ConstructorParameters<typeof BranchKeyStoreNode>[0];
type DynamoDbTable = Extract<StoreInput['storage'], { ddbTableName: string }>;

export interface KeyStorePorts {
  readonly table: Required<DynamoDbTable>;
  /** The client of the region of the key. */
  readonly kmsFor: (kekArn: string) => NonNullable<StoreInput['keyManagement']>['kmsClient'];
}

export interface BranchKeys {
  /** A new branch key under the tenant's KEK. Returns its id, `{tenantId}.{uuid}`. */
  make(tenant: Pick<Tenant, 'tenantId' | 'kekArn'>): Promise<string>;
  /** A new version of a branch key; the old ones stay readable. */
  version(tenant: Pick<Tenant, 'tenantId' | 'kekArn'>, branchKeyId: string): Promise<void>;
}

/** Both throw TenantKeyDeniedError, TenantKeyUnusableError; KmsUnavailableError, also when the table is out of reach. */
export function branchKeys(ports: KeyStorePorts): BranchKeys {
  return {
    async make(tenant) {
      const branchKeyIdentifier = `${tenant.tenantId}.${randomUUID()}`;
      const encryptionContext = { 'tenant-id': tenant.tenantId };
      await ofKms(tenant, async () => {
        await storeOf(tenant.kekArn, ports).createKey({ branchKeyIdentifier, encryptionContext });
      });
      return branchKeyIdentifier;
    },
    async version(tenant, branchKeyIdentifier) {
      await ofKms(tenant, async () => {
        await storeOf(tenant.kekArn, ports).versionKey({ branchKeyIdentifier });
      });
    },
  };
}

/** Strict: this KEK and no other. */
function storeOf(kekArn: string, { table, kmsFor }: KeyStorePorts): BranchKeyStoreNode {
  return new BranchKeyStoreNode({
    storage: table,
    logicalKeyStoreName: KEY_STORE_NAME,
    keyManagement: { kmsClient: kmsFor(kekArn) },
    kmsConfiguration: { identifier: kekArn },
  });
}

async function ofKms(
  { tenantId, kekArn }: Pick<Tenant, 'tenantId' | 'kekArn'>,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (cause instanceof SealstreamError) throw cause;
    throw kmsFailure(cause, { tenantId, arn: kekArn }, 'kms:GenerateDataKeyWithoutPlaintext');
  }
}
