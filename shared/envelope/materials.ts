/**
 * Where the DEK of a message comes from: from KMS for this message alone or, in keyMode `cached`, from the tenant's
 * partition of the cache. Not by the stock caching materials manager: that asks KMS once per concurrent miss.
 */
import {
  type KmsKeyringNode,
  NodeDefaultCryptographicMaterialsManager,
  type NodeDecryptionMaterial,
  type NodeEncryptionMaterial,
  type NodeMaterialsManager,
} from '@aws-crypto/client-node';
import { canonical, isSame, sharedContext } from './context.ts';
import { cachesKeys, generatingKeyring, type Kek, type KmsWitness, unwrappingKeyring } from './kek.ts';
import { withoutTraces } from './kept-material.ts';
import { kmsFailure, type KmsOperation } from './kms-failure.ts';
import type { MessageKey } from './message-key.ts';
import type { Found, Partition } from './partition.ts';

type Material = NodeEncryptionMaterial | NodeDecryptionMaterial;

/** What KMS answered to one call. */
interface Fetched<M> {
  readonly material: M;
  readonly kmsRequestId: string | undefined;
}

/** One DEK of a partition. */
interface CachedKey<M> {
  readonly partition: Partition;
  readonly name: string;
  readonly find: () => Found<M> | false;
  readonly fetch: () => Promise<Fetched<M>>;
  readonly put: (fetched: Fetched<M>) => void;
  /** Whether KMS can be asked for the very same DEK again. */
  readonly renewable: boolean;
}

/** `bytes`: of the plaintext, its first line included. Its methods throw the errors of `kmsFailure`. */
export function encryptionMaterials(kek: Kek, bytes: number, key: MessageKey): NodeMaterialsManager {
  return {
    async getEncryptionMaterials(request) {
      const fetch = async (): Promise<Fetched<NodeEncryptionMaterial>> =>
        await fetchFrom(
          kek,
          'kms:GenerateDataKey',
          async (witness) => await managerOf(generatingKeyring(kek, witness)).getEncryptionMaterials(request),
        );
      if (!cachesKeys(kek)) return fetchedFor(key, await fetch());
      const partition = partitionOf(kek);
      const name = `encrypt ${canonical(request.encryptionContext)}`;
      return await materialOf(key, {
        partition,
        name,
        find: () => partition.getEncryptionMaterial(name, bytes),
        fetch,
        put: (one) => partition.putEncryptionMaterial(name, one.material, bytes, undefined, one.kmsRequestId),
        renewable: false,
      });
    },
    decryptMaterials: () => Promise.reject(new Error('this materials manager only encrypts')),
  };
}

/** Caches the DEKs of shared messages alone: another message's DEK serves nobody else. */
export function decryptionMaterials(kek: Kek, key: MessageKey): NodeMaterialsManager {
  return {
    getEncryptionMaterials: () => Promise.reject(new Error('this materials manager only decrypts')),
    async decryptMaterials(request) {
      const { encryptionContext, encryptedDataKeys } = request;
      const fetch = async (): Promise<Fetched<NodeDecryptionMaterial>> =>
        await fetchFrom(
          kek,
          'kms:Decrypt',
          async (witness) => await managerOf(unwrappingKeyring(kek, witness)).decryptMaterials(request),
        );
      const isShared = isSame(encryptionContext, sharedContext(kek.tenantId));
      if (!isShared || !cachesKeys(kek)) return fetchedFor(key, await fetch());
      const partition = partitionOf(kek);
      const wrapped = encryptedDataKeys.map(({ encryptedDataKey }) =>
        Buffer.from(encryptedDataKey).toString('base64'),
      );
      const name = `decrypt ${wrapped.join(' ')} ${canonical(encryptionContext)}`;
      return await materialOf(key, {
        partition,
        name,
        find: () => partition.getDecryptionMaterial(name),
        fetch,
        put: (one) => partition.putDecryptionMaterial(name, one.material, undefined, one.kmsRequestId),
        renewable: true,
      });
    },
  };
}

/** From the cache, else from KMS; many messages that miss a key at once make one call of KMS. */
async function materialOf<M extends Material>(key: MessageKey, dek: CachedKey<M>): Promise<M> {
  const { partition, name, find } = dek;
  let found = find();
  if (found === false) {
    const fetched = await partition.once(name, async () => await load(dek));
    if (fetched !== undefined) return fetchedFor(key, fetched);
    found = find();
    // What others fetched is gone already, or worn out: not worth waiting for others a second time.
    if (found === false) return fetchedFor(key, await load(dek));
  }
  if (found.refreshDue) refresh(dek);
  key.found(found, dek.renewable ? async () => await renew(dek) : undefined);
  return found.response;
}

async function load<M extends Material>({ fetch, put }: CachedKey<M>): Promise<Fetched<M>> {
  const fetched = await fetch();
  put(fetched);
  return fetched;
}

/** Loads the key anew for the messages to come. */
async function renew<M extends Material>(dek: CachedKey<M>): Promise<void> {
  const fetched = await dek.partition.once(dek.name, async () => await load(dek));
  fetched?.material.zeroUnencryptedDataKey();
}

/** Off the critical path: nobody waits, and a failure is met first-hand by whoever finds the key expired or flushed. */
function refresh<M extends Material>(dek: CachedKey<M>): void {
  renew(dek).catch(() => undefined);
}

function fetchedFor<M>(key: MessageKey, { material, kmsRequestId }: Fetched<M>): M {
  key.fetched(kmsRequestId);
  return material;
}

/** A refusal of KMS holds for every cached key of the tenant: they are dropped before anybody hears of it. */
async function fetchFrom<M extends Material>(
  kek: Kek,
  operation: KmsOperation,
  ask: (witness: KmsWitness) => Promise<M>,
): Promise<Fetched<M>> {
  const witness: KmsWitness = {};
  try {
    const material = withoutTraces(await ask(witness));
    return { material, kmsRequestId: witness.requestId };
  } catch (error) {
    if (witness.failure === undefined) throw error;
    const failure = kmsFailure(witness.failure, kek, operation);
    if (failure.disposition === 'park') kek.keys.cache.flush(kek.tenantId);
    throw failure;
  }
}

function managerOf(keyring: KmsKeyringNode): NodeDefaultCryptographicMaterialsManager {
  return new NodeDefaultCryptographicMaterialsManager(keyring);
}

function partitionOf(kek: Kek): Partition {
  return kek.keys.cache.partition({ ...kek, kekArn: kek.arn });
}
