import {
  EncryptedDataKey,
  KeyringTraceFlag,
  NodeAlgorithmSuite,
  NodeDecryptionMaterial,
  NodeEncryptionMaterial,
  unwrapDataKey,
} from '@aws-crypto/client-node';
import { randomBytes, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import {
  BRANCH_KEY,
  type BranchKeyMaterial,
  DECRYPTION,
  ENCRYPTION,
  type MaterialKind,
} from '../../../shared/envelope/cache/kept-material.ts';
import { type CacheOptions, materialsCache } from '../../../shared/envelope/cache/materials-cache.ts';
import type { ObtainedKey, Zeroable } from '../../../shared/envelope/cache/obtained-key.ts';
import type { Partition } from '../../../shared/envelope/cache/partition.ts';
import { SUITE } from '../../../shared/envelope/message/suite.ts';
import { heldClock, type HeldClock } from '../../support/held-clock.ts';
import { ACME, GLOBEX } from '../../support/tenants.ts';

const { NodeBranchKeyMaterial }: { NodeBranchKeyMaterial: new (...parts: unknown[]) => BranchKeyMaterial } =
  createRequire(import.meta.url)('@aws-crypto/material-management');

const MIB = 1_048_576;
const GIB = 1_024 * MIB;
const NAMES = { keyNamespace: 'aws-kms', keyName: ACME.kekArn };
const WRAPPED = new EncryptedDataKey({
  providerId: 'aws-kms',
  providerInfo: ACME.kekArn,
  encryptedDataKey: randomBytes(184),
});

function encryptionMaterial(dek: Uint8Array = randomBytes(32)): NodeEncryptionMaterial {
  const { WRAPPING_KEY_GENERATED_DATA_KEY, WRAPPING_KEY_ENCRYPTED_DATA_KEY } = KeyringTraceFlag;
  return new NodeEncryptionMaterial(new NodeAlgorithmSuite(SUITE.id), { 'tenant-id': 'acme' })
    .setUnencryptedDataKey(Uint8Array.from(dek), { ...NAMES, flags: WRAPPING_KEY_GENERATED_DATA_KEY })
    .addEncryptedDataKey(WRAPPED, WRAPPING_KEY_ENCRYPTED_DATA_KEY);
}

function decryptionMaterial(dek: Uint8Array): NodeDecryptionMaterial {
  const flags = KeyringTraceFlag.WRAPPING_KEY_DECRYPTED_DATA_KEY;
  return new NodeDecryptionMaterial(new NodeAlgorithmSuite(SUITE.id), {}).setUnencryptedDataKey(
    Uint8Array.from(dek),
    { ...NAMES, flags },
  );
}

function partitionOf(options: CacheOptions = {}): {
  readonly partition: Partition;
  readonly clock: HeldClock;
} {
  const clock = heldClock();
  return { partition: materialsCache({ clock, ...options }).partition(ACME), clock };
}

function dekOf(material: NodeEncryptionMaterial | NodeDecryptionMaterial): Buffer {
  return Buffer.from(unwrapDataKey(material.getUnencryptedDataKey()));
}

/** Makes the partition fetch and keep each key, for a message of so many bytes. */
async function keep(partition: Partition, names: readonly string[], bytes = 10): Promise<void> {
  for (const name of names) {
    const fetch = () => Promise.resolve({ material: encryptionMaterial(), kmsRequestId: undefined });
    await partition.obtain({ name, kind: ENCRYPTION, bytes, fetch });
  }
}

/** Looks a key up without KMS. Returns undefined unless it was kept. */
async function lookUp<Material extends Zeroable>(
  partition: Partition,
  name: string,
  { kind, bytes }: { readonly kind: MaterialKind<Material>; readonly bytes?: number },
): Promise<ObtainedKey<Material> | undefined> {
  return await partition.obtain({ name, kind, bytes, fetch: refuse }).catch(() => undefined);
}

function refuse(): Promise<never> {
  return Promise.reject(new Error('KMS was asked'));
}

/** Returns the names of the keys that are still kept. */
async function stillKept(
  partition: Partition,
  names: readonly string[],
  bytes = 10,
): Promise<readonly string[]> {
  const still: string[] = [];
  for (const name of names)
    if ((await lookUp(partition, name, { kind: ENCRYPTION, bytes })) !== undefined) still.push(name);
  return still;
}

/**
 * Has one message fetch the material, and zeroes it as that message would. Then yields the material as two further
 * messages find it.
 */
async function* findTwice<Material extends Zeroable>(
  kind: MaterialKind<Material>,
  material: Material,
  partition: Partition = partitionOf().partition,
): AsyncGenerator<Material> {
  const fetch = () => Promise.resolve({ material, kmsRequestId: undefined });
  const fetched = await partition.obtain({ name: 'a', kind, bytes: 10, fetch });
  expect(fetched.material).toBe(material);
  expect(fetched.cached).toBeUndefined();
  material.zeroUnencryptedDataKey();
  for (const _ of [1, 2]) {
    const again = await lookUp(partition, 'a', { kind, bytes: 10 });
    if (again === undefined) throw new Error('not found');
    yield again.material;
    again.material.zeroUnencryptedDataKey();
  }
}

describe('the material that the cache hands out', () => {
  test('to encrypt is a clone with the same DEK, wrapped DEK and context; zeroing it leaves the next one whole', async () => {
    const dek = randomBytes(32);
    for await (const material of findTwice(ENCRYPTION, encryptionMaterial(dek))) {
      expect(material.encryptionContext).toEqual({ 'tenant-id': 'acme' });
      expect(material.encryptedDataKeys).toEqual([WRAPPED]);
      expect(dekOf(material).equals(dek)).toBe(true);
    }
  });

  test.each([
    ['messages', { maxMessages: 3 }],
    ['bytes', { maxBytes: 30 }],
  ])('to encrypt counts %s, those of the message that fetched it too', async (_, cap) => {
    const { partition } = partitionOf(cap);
    for await (const material of findTwice(ENCRYPTION, encryptionMaterial(), partition))
      expect(material.hasValidKey()).toBe(true);
    expect(await stillKept(partition, ['a'])).toEqual([]);
  });

  test('to decrypt is a clone too, and does not wear', async () => {
    const dek = randomBytes(32);
    const { partition } = partitionOf({ maxMessages: 1 });
    for await (const material of findTwice(DECRYPTION, decryptionMaterial(dek), partition))
      expect(dekOf(material).equals(dek)).toBe(true);
  });

  test('of branch keys is a clone too', async () => {
    const [branchKey, version] = [randomBytes(32), randomUUID()];
    const original = new NodeBranchKeyMaterial(branchKey, 'acme-1', version, { a: 'b' });
    for await (const material of findTwice(BRANCH_KEY, original)) {
      expect(material).toMatchObject({ branchKeyIdentifier: 'acme-1', encryptionContext: { a: 'b' } });
      expect(material.branchKeyVersion.toString()).toBe(version);
      expect(material.branchKey().equals(branchKey)).toBe(true);
    }
  });

  test('is never of another kind, though the name is the same', async () => {
    const { partition } = partitionOf();
    await keep(partition, ['a', 'b']);
    expect(await lookUp(partition, 'a', { kind: DECRYPTION })).toBeUndefined();
    expect(await lookUp(partition, 'b', { kind: BRANCH_KEY })).toBeUndefined();
  });
});

describe('a partition', () => {
  test('is one tenant’s under one KEK', async () => {
    const cache = materialsCache();
    await keep(cache.partition(ACME), ['a']);
    expect(await stillKept(cache.partition(ACME), ['a'])).toEqual(['a']);
    expect(await stillKept(cache.partition(GLOBEX), ['a'])).toEqual([]);
    expect(await stillKept(cache.partition({ ...ACME, kekArn: GLOBEX.kekArn }), ['a'])).toEqual([]);
    expect(await stillKept(cache.partition({ ...GLOBEX, kekArn: ACME.kekArn }), ['a'])).toEqual([]);
  });

  test('lets go of a key that a message cannot use, and of no other', async () => {
    const { partition } = partitionOf({ maxBytes: 100 });
    await keep(partition, ['a', 'b']);
    expect(await stillKept(partition, ['a'], 91)).toEqual([]);
    expect(await stillKept(partition, ['a', 'b'])).toEqual(['b']);
  });

  test('keeps a key as long as the tenant allowed then, or allows now, if that is shorter', async () => {
    const clock = heldClock();
    const cache = materialsCache({ clock });
    await keep(cache.partition({ ...ACME, maxKeyAgeSeconds: 5 }), ['a']);
    await keep(cache.partition({ ...ACME, maxKeyAgeSeconds: 500 }), ['b']);
    const partition = cache.partition(ACME);
    clock.advance(5_000);
    expect(await stillKept(partition, ['a', 'b'])).toEqual(['b']);
    clock.advance(55_000);
    expect(await stillKept(partition, ['b'])).toEqual([]);
  });

  test('says that a key is expired under a message too, by the limit that the key was kept with', async () => {
    const clock = heldClock();
    const cache = materialsCache({ clock });
    await keep(cache.partition({ ...ACME, maxKeyAgeSeconds: 5 }), ['dek']);
    const found = await lookUp(cache.partition({ ...ACME, maxKeyAgeSeconds: 10 }), 'dek', {
      kind: ENCRYPTION,
    });
    clock.advance(4_999);
    expect(found?.cached?.state()).toBe('usable');
    clock.advance(1);
    expect(found?.cached?.state()).toBe('expired');
  });

  test('counts a key’s age from its load, however long the partition has been there', async () => {
    const { partition, clock } = partitionOf();
    clock.advance(50_000);
    const fetch = async () => {
      clock.advance(20_000);
      return await Promise.resolve({ material: encryptionMaterial(), kmsRequestId: undefined });
    };
    await partition.obtain({ name: 'a', kind: ENCRYPTION, bytes: 10, fetch });
    clock.advance(39_999);
    expect(await stillKept(partition, ['a'])).toEqual(['a']);
    clock.advance(1);
    expect(await stillKept(partition, ['a'])).toEqual([]);
  });

  test('zeroes the material that it fetched in the background, since no message uses it', async () => {
    const { partition, clock } = partitionOf();
    await keep(partition, ['a']);
    clock.advance(48_000);
    const material = encryptionMaterial();
    const fetch = () => Promise.resolve({ material, kmsRequestId: undefined });
    await partition.obtain({ name: 'a', kind: ENCRYPTION, bytes: 10, fetch });
    await new Promise(setImmediate);
    expect(material.hasUnencryptedDataKey).toBe(false);
  });

  test('without an age to allow keeps nothing', async () => {
    const partition = materialsCache().partition({ ...ACME, maxKeyAgeSeconds: 0 });
    await keep(partition, ['a']);
    expect(await stillKept(partition, ['a'])).toEqual([]);
  });
});

describe('the cache of a sandbox', () => {
  test('is bounded: the key least recently used goes first', async () => {
    const { partition } = partitionOf({ maxKeys: 3 });
    await keep(partition, ['a', 'b', 'c']);
    expect(await stillKept(partition, ['a'])).toEqual(['a']);
    await keep(partition, ['d']);
    expect(await stillKept(partition, ['a', 'b', 'c', 'd'])).toEqual(['a', 'c', 'd']);
  });

  test('keeps a dedicated tenant’s keys whatever the others do, and drops them when it is flushed', async () => {
    const cache = materialsCache({ maxKeys: 2 });
    const [own, shared] = [cache.partition({ ...ACME, isolation: 'dedicated' }), cache.partition(GLOBEX)];
    await keep(own, ['a', 'b']);
    await keep(shared, ['c', 'd', 'e']);
    expect(await stillKept(own, ['a', 'b'])).toEqual(['a', 'b']);
    expect(await stillKept(shared, ['c', 'd', 'e'])).toEqual(['d', 'e']);
    cache.flush(ACME.tenantId);
    const again = cache.partition({ ...ACME, isolation: 'dedicated' });
    expect(await stillKept(again, ['a', 'b'])).toEqual([]);
    expect(await stillKept(shared, ['d', 'e'])).toEqual(['d', 'e']);
  });

  test.each([
    [256 * GIB - 10, 10, ['a']],
    [256 * GIB - 10, 11, []],
    [256 * GIB + 1, 0, []],
  ])(
    'lets a DEK protect 256 GiB whatever its options say: %d bytes, and %d more',
    async (bytes, more, expected) => {
      const { partition } = partitionOf({ maxBytes: 512 * GIB });
      await keep(partition, ['a'], bytes);
      expect(await stillKept(partition, ['a'], more)).toEqual(expected);
    },
  );

  test('gives no key to a message that would outlive it at 4 MiB a second', async () => {
    const { partition, clock } = partitionOf();
    await keep(partition, ['a', 'b']);
    clock.advance(45_000);
    expect(await stillKept(partition, ['a'], 59 * MIB)).toEqual(['a']);
    expect(await stillKept(partition, ['b'], 61 * MIB)).toEqual([]);
  });
});
