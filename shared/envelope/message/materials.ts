/**
 * Obtains the DEK of a message. It comes from KMS for this message alone; in keyMode `cached` from the tenant's
 * partition of the cache; in keyMode `hierarchical` it is made here, and wrapped by a branch key. The stock caching
 * materials manager is not used: it asks KMS once for each concurrent miss.
 */
import {
  NodeDefaultCryptographicMaterialsManager,
  type NodeDecryptionMaterial,
  type NodeEncryptionMaterial,
  type NodeMaterialsManager,
} from '@aws-crypto/material-management-node';
import { AuthenticationFailedError } from '../../errors.ts';
import { canonical, type EncryptionContext, isSame, sharedContext } from '../../object/context.ts';
import { BRANCH_KEY_PROVIDER, withBranchKey } from './hierarchy.ts';
import { cachesKeys, type Kek } from '../kms/kek.ts';
import { DECRYPTION, ENCRYPTION, zeroExportedCopies } from '../cache/kept-material.ts';
import type { FetchedKey } from '../cache/obtained-key.ts';
import { fetchKey, keyringOf } from '../kms/kms-call.ts';
import type { ReadHeader } from './message-header.ts';
import type { MessageKey } from './message-key.ts';
import { COMMITMENT_POLICY, SUITE } from './suite.ts';

type EncryptionRequest = Parameters<NodeMaterialsManager['getEncryptionMaterials']>[0];
type DecryptionRequest = Parameters<NodeMaterialsManager['decryptMaterials']>[0];

const KEK_PROVIDER = 'aws-kms';

/**
 * Returns the DEK of a new message of `bytes` of plaintext, its first line included. The caller zeroes it.
 * @throws the errors of `kmsFailure`
 */
export async function obtainEncryptionMaterial(
  key: MessageKey,
  encryptionContext: EncryptionContext,
  bytes: number,
): Promise<NodeEncryptionMaterial> {
  const { kek } = key;
  const context = { ...encryptionContext };
  const request = { suite: SUITE, commitmentPolicy: COMMITMENT_POLICY, encryptionContext: context };
  const branchKeyId = kek.branchKeyIds.at(-1);
  if (kek.keyMode === 'hierarchical' && branchKeyId !== undefined)
    return await withBranchKey(key, { branchKeyId }, async (manager) =>
      zeroExportedCopies(await manager.getEncryptionMaterials(request)),
    );
  if (cachesKeys(kek)) return await obtainSharedDek(key, bytes, request);
  return key.use(await generateDek(kek, request));
}

/**
 * Returns the DEK of the message with this header. The caller zeroes it. Only shared DEKs are cached: no other DEK
 * serves a second message.
 * @throws AuthenticationFailedError before KMS is asked when the DEK is not wrapped by the KEK (FORMAT rule 7)
 * @throws the errors of `kmsFailure`, and the Encryption SDK's when the DEK does not unwrap
 */
export async function obtainDecryptionMaterial(
  key: MessageKey,
  { messageHeader: { encryptionContext, encryptedDataKeys } }: ReadHeader,
): Promise<NodeDecryptionMaterial> {
  const { kek } = key;
  const request = { suite: SUITE, encryptionContext, encryptedDataKeys };
  const { providerId, providerInfo, encryptedDataKey: wrappedDek } = wrappedDekOf(request);
  if (providerId === KEK_PROVIDER && wrappingArns(kek).includes(providerInfo))
    return await obtainUnwrappedDek(key, wrappedDek, request);
  if (providerId === BRANCH_KEY_PROVIDER && kek.branchKeyIds.includes(providerInfo))
    return await withBranchKey(key, { branchKeyId: providerInfo, wrappedDek }, async (manager) =>
      zeroExportedCopies(await manager.decryptMaterials(request)),
    );
  throw new AuthenticationFailedError(`tenant ${kek.tenantId}: the message is under another key`);
}

/** Returns every name that a DEK wrapped by the KEK may carry (FORMAT rule 27). */
function wrappingArns({ arn, replicaArns, formerReplicaArns }: Kek): readonly string[] {
  return [arn, ...replicaArns, ...formerReplicaArns];
}

function wrappedDekOf({ encryptedDataKeys: [wrapped] }: DecryptionRequest): WrappedDek {
  if (wrapped === undefined) throw new Error('a message has one wrapped DEK');
  return wrapped;
}

type WrappedDek = DecryptionRequest['encryptedDataKeys'][number];

async function obtainSharedDek(
  key: MessageKey,
  bytes: number,
  request: EncryptionRequest,
): Promise<NodeEncryptionMaterial> {
  const name = `encrypt ${canonical(request.encryptionContext)}`;
  const fetch = async (): Promise<FetchedKey<NodeEncryptionMaterial>> => await generateDek(key.kek, request);
  return await key.obtain({ name, kind: ENCRYPTION, bytes, fetch });
}

async function obtainUnwrappedDek(
  key: MessageKey,
  wrappedDek: Uint8Array,
  request: DecryptionRequest,
): Promise<NodeDecryptionMaterial> {
  const { kek } = key;
  const { encryptionContext } = request;
  const fetch = async (): Promise<FetchedKey<NodeDecryptionMaterial>> => await unwrapDek(kek, request);
  const isShared = isSame(encryptionContext, sharedContext(kek.tenantId));
  if (!isShared || !cachesKeys(kek)) return key.use(await fetch());
  const name = `decrypt ${Buffer.from(wrappedDek).toString('base64')} ${canonical(encryptionContext)}`;
  return await key.obtain({ name, kind: DECRYPTION, fetch });
}

async function generateDek(
  kek: Kek,
  request: EncryptionRequest,
): Promise<FetchedKey<NodeEncryptionMaterial>> {
  return await fetchKey(kek, {
    operation: 'kms:GenerateDataKey',
    ask: async (keyArn, kms) => {
      const manager = new NodeDefaultCryptographicMaterialsManager(keyringOf(keyArn, kms));
      return zeroExportedCopies(await manager.getEncryptionMaterials(request));
    },
  });
}

async function unwrapDek(kek: Kek, request: DecryptionRequest): Promise<FetchedKey<NodeDecryptionMaterial>> {
  return await fetchKey(kek, {
    operation: 'kms:Decrypt',
    ask: async (keyArn, kms) => {
      const manager = new NodeDefaultCryptographicMaterialsManager(keyringOf(keyArn, kms));
      return zeroExportedCopies(await manager.decryptMaterials(request));
    },
  });
}
