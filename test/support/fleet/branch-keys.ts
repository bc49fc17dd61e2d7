/** Branch keys as the product's own code makes them, over the tenants' keys of a fleet. */
import { KMSClient } from '@aws-sdk/client-kms';
import type { BranchKeyTable } from '../../../shared/envelope/kms/key-store.ts';
import { type BranchKeys, branchKeys, type KeyStorePorts } from '../../../shared/envelope/kms/branch-keys.ts';
import { type Gate, gated } from './gate.ts';
import type { TenantKeys } from './tenant-keys.ts';

const client = new KMSClient({ region: 'us-east-1' });

/** Makes branch keys as one sandbox of the control plane makes them. */
export function branchKeysOf(keys: TenantKeys, table: BranchKeyTable, entrance: Gate): BranchKeys {
  return branchKeys({ table: tableBehind(table, entrance), kmsFor: kmsForOf(keys, entrance) });
}

/** KMS as one sandbox of the control plane reaches it. */
export function kmsForOf(keys: TenantKeys, entrance: Gate): KeyStorePorts['kmsFor'] {
  const kms = gated(kmsClientOf(keys), entrance);
  return () => kms;
}

/** The key store as one sandbox reaches it. */
export function tableBehind(table: BranchKeyTable, entrance: Gate): BranchKeyTable {
  return { ...table, ddbClient: gated(table.ddbClient, entrance) };
}

/** The SDK's client, as the Encryption SDK wants it. */
function kmsClientOf(keys: TenantKeys): KMSClient {
  async function send({ constructor, input }: { readonly input: object } & object): Promise<object> {
    return await keys.ask('control', constructor.name.replace(/Command$/u, ''), input);
  }
  return Object.create(client, { send: { value: send, writable: true } });
}
