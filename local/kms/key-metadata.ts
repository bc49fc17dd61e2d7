/** KeyMetadata in the answers of CreateKey, DescribeKey and ReplicateKey. Instants are seconds since the epoch. */
import { currentView, isReplica, type KeyView, type KmsKey } from './key.ts';
import { keySet } from './lookup.ts';
import { materialsOf } from './material.ts';
import type { Store } from './store.ts';
import { DELETING } from './usable.ts';

/** Returns the metadata in the state of `view`, by default the present one. */
export function keyMetadata(store: Store, key: KmsKey, { state }: KeyView = currentView(key)): object {
  return {
    AWSAccountId: key.accountId,
    KeyId: key.keyId,
    Arn: key.arn,
    CreationDate: key.createdMs / 1000,
    Enabled: state === 'Enabled',
    Description: key.description,
    KeyUsage: key.keyUsage,
    KeyState: state,
    Origin: key.origin,
    KeyManager: 'CUSTOMER',
    KeySpec: key.keySpec,
    CustomerMasterKeySpec: key.keySpec,
    ...algorithms(key),
    ...(DELETING.includes(state) ? deletion(key) : {}),
    ...material(store, key),
    ...multiRegion(store, key),
  };
}

function algorithms(key: KmsKey): object {
  if (key.keyUsage === 'GENERATE_VERIFY_MAC')
    return { MacAlgorithms: [key.keySpec.replace('HMAC_', 'HMAC_SHA_')] };
  if (key.keyUsage === 'SIGN_VERIFY') return { SigningAlgorithms: RSA_SIGNING };
  return {
    EncryptionAlgorithms: key.keySpec === 'SYMMETRIC_DEFAULT' ? ['SYMMETRIC_DEFAULT'] : RSA_ENCRYPTION,
  };
}

const RSA_ENCRYPTION: readonly string[] = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'];
const RSA_SIGNING: readonly string[] = ['RSASSA_PKCS1_V1_5', 'RSASSA_PSS'].flatMap((scheme) =>
  ['SHA_256', 'SHA_384', 'SHA_512'].map((hash) => `${scheme}_${hash}`),
);

function deletion(key: KmsKey): object {
  return {
    ...(key.deletionMs === undefined ? {} : { DeletionDate: key.deletionMs / 1000 }),
    ...(key.pendingWindowDays === undefined ? {} : { PendingDeletionWindowInDays: key.pendingWindowDays }),
  };
}

function material(store: Store, key: KmsKey): object {
  const expiresMs = key.imported?.expiresMs;
  const expires = expiresMs === undefined ? {} : { ValidTo: expiresMs / 1000 };
  const model = expiresMs === undefined ? 'KEY_MATERIAL_DOES_NOT_EXPIRE' : 'KEY_MATERIAL_EXPIRES';
  if (key.origin === 'EXTERNAL' && key.imported === undefined) return {};
  const current = materialsOf(store, key).at(-1);
  return {
    ...(key.imported === undefined ? {} : { ExpirationModel: model, ...expires }),
    ...(current === undefined ? {} : { CurrentKeyMaterialId: current.id }),
  };
}

function multiRegion(store: Store, key: KmsKey): object {
  if (key.primaryRegion === undefined) return { MultiRegion: false };
  const set = keySet(store, key).map((member) => ({ member, Arn: member.arn, Region: member.region }));
  const render = (replica: boolean): object[] =>
    set.filter(({ member }) => isReplica(member) === replica).map(({ Arn, Region }) => ({ Arn, Region }));
  return {
    MultiRegion: true,
    MultiRegionConfiguration: {
      MultiRegionKeyType: isReplica(key) ? 'REPLICA' : 'PRIMARY',
      PrimaryKey: render(false)[0],
      ReplicaKeys: render(true),
    },
  };
}
