/** The Encryption SDK's key store, where branch keys rest. */
import type { BranchKeyStoreNode } from '@aws-crypto/branch-keystore-node';

type StoreInput = ConstructorParameters<typeof BranchKeyStoreNode>[0];

/**
 * The table of the key store. Its reads are strongly consistent; it throws StorageUnavailableError for an outage,
 * naming the call. Implemented by aws/branch-key-table.ts.
 */
export type BranchKeyTable = Required<Extract<StoreInput['storage'], { ddbTableName: string }>>;

/** Bound into every branch key. Never changes: the table behind it may. */
export const KEY_STORE_NAME = 'sealstream';
