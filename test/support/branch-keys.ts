/** A sandbox of tenants in keyMode `hierarchical`. The product makes their branch keys over the KMS stand-in. */
import {
  type DecryptCommand,
  type GenerateDataKeyWithoutPlaintextCommand,
  KMSClient,
  ReEncryptCommand,
} from '@aws-sdk/client-kms';
import { type BranchKeys, branchKeys } from '../../shared/envelope/kms/branch-keys.ts';
import { type Kek, kekOf } from '../../shared/envelope/kms/kek.ts';
import type { CacheOptions } from '../../shared/envelope/cache/materials-cache.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { type CachedKeys, cachedKeys } from './cached-keys.ts';
import type { KmsStandIn } from './kms-stand-in.ts';
import { type MemoryKeyStore, memoryKeyStore } from './memory-key-store.ts';
import { ACME, GLOBEX, kmsOfBoth } from './tenants.ts';

export interface Hierarchy extends CachedKeys {
  /** The branch keys as the control plane makes them. */
  readonly branchKeys: BranchKeys;
  readonly store: MemoryKeyStore;
  /** Two tenants in keyMode `hierarchical`, each with a branch key, each in epoch 7. */
  readonly acme: Tenant;
  readonly globex: Tenant;
}

export async function hierarchy(
  options: CacheOptions = {},
  kms: KmsStandIn = kmsOfBoth(),
): Promise<Hierarchy> {
  const sandbox = cachedKeys(options, kms);
  const store = memoryKeyStore();
  const keys = { ...sandbox.keys, branchKeys: store.table };
  const control = branchKeys({ table: store.table, kmsFor: () => kmsClientOf(kms) });
  const inMode = async (tenant: Tenant): Promise<Tenant> => ({
    ...tenant,
    keyMode: 'hierarchical',
    branchKeyId: await control.make(tenant),
  });
  const [acme, globex] = [await inMode(ACME), await inMode(GLOBEX)];
  const kek = (tenant: Partial<Tenant> = {}): Kek => kekOf({ ...acme, ...tenant }, keys);
  return { ...sandbox, keys, kek, branchKeys: control, store, acme, globex };
}

const client = new KMSClient({ region: 'us-east-1' });

/** Returns the SDK's client over the stand-in. It answers the calls that the key store makes. */
export function kmsClientOf(kms: KmsStandIn): KMSClient {
  async function send(
    command: GenerateDataKeyWithoutPlaintextCommand | ReEncryptCommand | DecryptCommand,
  ): Promise<object> {
    if (command instanceof ReEncryptCommand) return await reEncrypt(kms, command);
    const { KeyId = '', CiphertextBlob, EncryptionContext } = { CiphertextBlob: undefined, ...command.input };
    if (CiphertextBlob !== undefined) return await kms.decrypt({ KeyId, CiphertextBlob, EncryptionContext });
    const { CiphertextBlob: wrapped } = await kms.generateDataKey({ KeyId, EncryptionContext });
    return { KeyId, CiphertextBlob: wrapped };
  }
  return Object.create(client, { send: { value: send } });
}

async function reEncrypt(kms: KmsStandIn, { input }: ReEncryptCommand): Promise<object> {
  const { CiphertextBlob = new Uint8Array(), SourceKeyId = '', DestinationKeyId = '' } = input;
  const { Plaintext = new Uint8Array() } = await kms.decrypt({
    KeyId: SourceKeyId,
    CiphertextBlob,
    EncryptionContext: input.SourceEncryptionContext,
  });
  return await kms.encrypt({
    KeyId: DestinationKeyId,
    Plaintext,
    EncryptionContext: input.DestinationEncryptionContext,
  });
}
