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
import type { BranchKeyMaterial } from '../../../shared/envelope/cache/kept-material.ts';
import { type CacheOptions, materialsCache } from '../../../shared/envelope/cache/materials-cache.ts';
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
  return new NodeEncryptionMaterial(new NodeAlgorithmSuite(SUITE), { 'tenant-id': 'acme' })
    .setUnencryptedDataKey(Uint8Array.from(dek), { ...NAMES, flags: WRAPPING_KEY_GENERATED_DATA_KEY })
    .addEncryptedDataKey(WRAPPED, WRAPPING_KEY_ENCRYPTED_DATA_KEY);
}

function decryptionMaterial(dek: Uint8Array): NodeDecryptionMaterial {
  const flags = KeyringTraceFlag.WRAPPING_KEY_DECRYPTED_DATA_KEY;
  return new NodeDecryptionMaterial(new NodeAlgorithmSuite(SUITE), {}).setUnencryptedDataKey(
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

function keep(partition: Partition, ...keys: readonly string[]): void {
  for (const key of keys) partition.putEncryptionMaterial(key, encryptionMaterial(), 10);
}

function kept(partition: Partition, ...keys: readonly string[]): readonly string[] {
  return keys.filter((key) => partition.getEncryptionMaterial(key, 10) !== false);
}

describe('what the cache hands out', () => {
  test('to encrypt is a clone with the same DEK, wrapped DEK and context; zeroing it leaves the next one whole', () => {
    const { partition } = partitionOf();
    const dek = randomBytes(32);
    const material = encryptionMaterial(dek);
    partition.putEncryptionMaterial('a', material, 10);
    material.zeroUnencryptedDataKey();
    for (let count = 2; count < 5; count += 1) {
      const found = partition.getEncryptionMaterial('a', 10);
      if (found === false) throw new Error('not found');
      expect(found).toMatchObject({ messagesEncrypted: count, bytesEncrypted: 10 * count });
      expect(found.response.encryptionContext).toEqual({ 'tenant-id': 'acme' });
      expect(found.response.encryptedDataKeys).toEqual([WRAPPED]);
      expect(dekOf(found.response).equals(dek)).toBe(true);
      found.response.zeroUnencryptedDataKey();
    }
  });

  test('to decrypt is a clone too', () => {
    const { partition } = partitionOf();
    const dek = randomBytes(32);
    partition.putDecryptionMaterial('a', decryptionMaterial(dek));
    for (const _ of [1, 2]) {
      const found = partition.getDecryptionMaterial('a');
      if (found === false) throw new Error('not found');
      expect(dekOf(found.response).equals(dek)).toBe(true);
      found.response.zeroUnencryptedDataKey();
    }
  });

  test('of branch keys is a clone too', () => {
    const { partition } = partitionOf();
    const [branchKey, version] = [randomBytes(32), randomUUID()];
    partition.putBranchKeyMaterial('a', new NodeBranchKeyMaterial(branchKey, 'acme-1', version, { a: 'b' }));
    for (const _ of [1, 2]) {
      const found = partition.getBranchKeyMaterial('a');
      if (found === false) throw new Error('not found');
      expect(found.response).toMatchObject({ branchKeyIdentifier: 'acme-1', encryptionContext: { a: 'b' } });
      expect(found.response.branchKeyVersion.toString()).toBe(version);
      expect(found.response.branchKey().equals(branchKey)).toBe(true);
      found.response.zeroUnencryptedDataKey();
    }
  });

  test('is never of another kind, though the name is the same', () => {
    const { partition } = partitionOf();
    keep(partition, 'a');
    expect(partition.getDecryptionMaterial('a')).toBe(false);
    keep(partition, 'b');
    expect(partition.getBranchKeyMaterial('b')).toBe(false);
  });
});

describe('a partition', () => {
  test('is one tenant’s under one KEK', () => {
    const cache = materialsCache();
    keep(cache.partition(ACME), 'a');
    expect(kept(cache.partition(ACME), 'a')).toEqual(['a']);
    expect(kept(cache.partition(GLOBEX), 'a')).toEqual([]);
    expect(kept(cache.partition({ ...ACME, kekArn: GLOBEX.kekArn }), 'a')).toEqual([]);
    expect(kept(cache.partition({ ...GLOBEX, kekArn: ACME.kekArn }), 'a')).toEqual([]);
  });

  test('lets go of one key', () => {
    const { partition } = partitionOf();
    keep(partition, 'a', 'b');
    partition.del('a');
    expect(kept(partition, 'a', 'b')).toEqual(['b']);
  });

  test('keeps a key as long as it was put for, if that is shorter', () => {
    const { partition, clock } = partitionOf();
    partition.putEncryptionMaterial('a', encryptionMaterial(), 10, 5_000);
    partition.putEncryptionMaterial('b', encryptionMaterial(), 10, 500_000);
    clock.advance(5_000);
    expect(kept(partition, 'a', 'b')).toEqual(['b']);
    clock.advance(55_000);
    expect(kept(partition, 'b')).toEqual([]);
  });

  test('counts a key’s age from its load, however long the partition has been there', async () => {
    const { partition, clock } = partitionOf();
    clock.advance(50_000);
    await partition.once('a', async () => {
      clock.advance(20_000);
      keep(partition, 'a');
      await Promise.resolve();
    });
    clock.advance(39_999);
    expect(kept(partition, 'a')).toEqual(['a']);
    clock.advance(1);
    expect(kept(partition, 'a')).toEqual([]);
  });

  test('without an age to allow keeps nothing', () => {
    const partition = materialsCache().partition({ ...ACME, maxKeyAgeSeconds: 0 });
    keep(partition, 'a');
    expect(kept(partition, 'a')).toEqual([]);
  });
});

describe('the cache of a sandbox', () => {
  test('is bounded: the key least recently used goes first', () => {
    const { partition } = partitionOf({ maxKeys: 3 });
    keep(partition, 'a', 'b', 'c');
    expect(kept(partition, 'a')).toEqual(['a']);
    keep(partition, 'd');
    expect(kept(partition, 'a', 'b', 'c', 'd')).toEqual(['a', 'c', 'd']);
  });

  test('keeps a dedicated tenant’s keys whatever the others do, and drops them when it is flushed', () => {
    const cache = materialsCache({ maxKeys: 2 });
    const [own, shared] = [cache.partition({ ...ACME, isolation: 'dedicated' }), cache.partition(GLOBEX)];
    keep(own, 'a', 'b');
    keep(shared, 'c', 'd', 'e');
    expect(kept(own, 'a', 'b')).toEqual(['a', 'b']);
    expect(kept(shared, 'c', 'd', 'e')).toEqual(['d', 'e']);
    cache.flush(ACME.tenantId);
    const again = cache.partition({ ...ACME, isolation: 'dedicated' });
    expect(kept(again, 'a', 'b')).toEqual([]);
    expect(kept(shared, 'd', 'e')).toEqual(['d', 'e']);
  });

  test('lets a DEK protect 256 GiB whatever its options say', () => {
    const { partition } = partitionOf({ maxBytes: 512 * GIB });
    for (const [bytes, more, expected] of [
      [256 * GIB - 10, 10, true],
      [256 * GIB - 10, 11, false],
      [256 * GIB + 1, 0, false],
    ] as const) {
      partition.putEncryptionMaterial('a', encryptionMaterial(), bytes);
      expect(partition.getEncryptionMaterial('a', more) !== false).toBe(expected);
      partition.del('a');
    }
  });

  test('gives no key to a message that would outlive it at 4 MiB a second', () => {
    const { partition, clock } = partitionOf();
    keep(partition, 'a', 'b');
    clock.advance(45_000);
    expect(partition.getEncryptionMaterial('a', 59 * MIB)).not.toBe(false);
    expect(partition.getEncryptionMaterial('b', 61 * MIB)).toBe(false);
  });
});
