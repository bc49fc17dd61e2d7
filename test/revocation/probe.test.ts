import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ControlPlaneKms, Trial } from '../../shared/ports/kms.ts';
import { probeKey } from '../../shared/revocation/probe.ts';
import { probeCiphertextsOf } from '../../shared/revocation/probe-ciphertext.ts';
import type { ProbeCiphertext, Tenant } from '../../shared/tenant/tenant.ts';
import { memoryKms } from '../support/memory-kms.ts';
import { ACME } from '../support/tenants.ts';

describe('a probe', () => {
  test('asks for the state and dry runs of both operations, under the tenant’s own id', async () => {
    const kms = memoryKms();
    expect(await probeKey(ACME, kms)).toEqual({ usable: true, warnings: [] });
    const context = { 'tenant-id': 'acme', purpose: 'probe', format: 'sealstream/1' };
    expect(kms.calls).toEqual([
      { question: 'describe' },
      { question: 'kms:GenerateDataKey', context },
      { question: 'kms:Decrypt', context },
    ]);
  });

  test.each(['Disabled', 'PendingDeletion', 'PendingReplicaDeletion', 'PendingImport'])(
    'of a key that is %s is refused without another call',
    async (state) => {
      const kms = memoryKms();
      kms.key(ACME.kekArn).description = { state };
      expect(await probeKey(ACME, kms)).toMatchObject({ refused: { code: 'ERR_TENANT_KEY_UNUSABLE' } });
      expect(kms.calls).toHaveLength(1);
    },
  );

  test.each(['Unavailable', 'Creating'])('of a key that is %s says nothing', async (state) => {
    const kms = memoryKms();
    kms.key(ACME.kekArn).description = { state };
    expect(await probeKey(ACME, kms)).toMatchObject({ unreachable: { code: 'ERR_KMS_UNAVAILABLE' } });
  });

  test('of a key in a state unheard of is decided by the dry runs', async () => {
    const kms = memoryKms();
    kms.key(ACME.kekArn).description = { state: 'Updating' };
    expect(await probeKey(ACME, kms)).toMatchObject({ usable: true });
  });

  test.each(['describe', 'kms:GenerateDataKey', 'kms:Decrypt'] as const)(
    'is refused when %s alone is, and unreachable when %s alone cannot be asked',
    async (operation) => {
      const kms = memoryKms();
      kms.exceptions.set(operation, 'AccessDeniedException');
      expect(await probeKey(ACME, kms)).toMatchObject({ refused: { code: 'ERR_TENANT_KEY_DENIED' } });
      kms.exceptions.set(operation, 'ThrottlingException');
      expect(await probeKey(ACME, kms)).toMatchObject({ unreachable: { code: 'ERR_KMS_UNAVAILABLE' } });
    },
  );

  test.each([
    'KMSInternalException',
    'DependencyTimeoutException',
    'KeyUnavailableException',
    'CustomKeyStoreInvalidStateException',
    'XksProxyUriUnreachableException',
    'TimeoutError',
    'AbortError',
  ])('takes %s for an outage, never for a refusal', async (exceptionName) => {
    const kms = memoryKms();
    kms.refuse(exceptionName);
    expect(await probeKey(ACME, kms)).toMatchObject({ unreachable: { code: 'ERR_KMS_UNAVAILABLE' } });
  });

  test('warns of the dates from which on the key does not come back', async () => {
    const kms = memoryKms();
    const deletionDate = new Date('2026-04-01T00:00:00Z');
    const validTo = new Date('2026-05-01T00:00:00Z');
    kms.key(ACME.kekArn).description = { state: 'PendingDeletion', deletionDate, validTo };
    expect(await probeKey(ACME, kms)).toMatchObject({
      refused: { code: 'ERR_TENANT_KEY_UNUSABLE' },
      warnings: [
        { name: 'key-deletion', at: '2026-04-01T00:00:00.000Z' },
        { name: 'key-material-expiry', at: '2026-05-01T00:00:00.000Z' },
      ],
    });
  });
});

/** The tenant acme, with a ciphertext that its key made. */
function kept(idName: ProbeCiphertext['idName']): Tenant {
  return { ...ACME, probeCiphertexts: [{ kekArn: ACME.kekArn, idName, ciphertext: 'AAAA' }] };
}

describe('an answer that says nothing about the key', () => {
  const OPERATIONS = ['describe', 'kms:GenerateDataKey', 'kms:Decrypt'] as const;

  test.each([
    ...OPERATIONS.map((operation) => [operation, 'ValidationException'] as const),
    ['kms:Decrypt', 'SerializationException'],
    ['kms:Decrypt', 'UnsupportedOperationException'],
  ] as const)('is no refusal: %s answered %s', async (operation, exceptionName) => {
    const kms = memoryKms();
    kms.exceptions.set(operation, exceptionName);
    const clause = { code: 'ERR_KMS_UNAVAILABLE', cause: { name: exceptionName } };
    expect(await probeKey(ACME, kms)).toMatchObject({ unreachable: clause, unclear: clause });
  });

  test.each(OPERATIONS)('of %s does not keep the other questions from deciding', async (operation) => {
    const kms = memoryKms();
    kms.exceptions.set(operation, 'ValidationException');
    const other = operation === 'kms:Decrypt' ? 'kms:GenerateDataKey' : 'kms:Decrypt';
    kms.exceptions.set(other, 'DisabledException');
    const refused = { code: 'ERR_TENANT_KEY_UNUSABLE', kekArn: ACME.kekArn };
    expect(await probeKey(ACME, kms)).toMatchObject({ refused });
  });

  test('has Decrypt asked about a ciphertext that the key made: its answer counts, either way', async () => {
    const kms = memoryKms();
    kms.exceptions.set('kms:Decrypt', 'ValidationException');
    const unclear = { cause: { name: 'ValidationException' } };
    expect(await probeKey(kept('tenant-id'), kms)).toMatchObject({ usable: true, unclear });
    kms.exceptions.set('open', 'DisabledException');
    expect(await probeKey(kept('tenant-id'), kms)).toMatchObject({
      refused: { code: 'ERR_TENANT_KEY_UNUSABLE' },
      unclear,
    });
    kms.exceptions.set('open', 'InvalidCiphertextException');
    expect(await probeKey(kept('tenant-id'), kms)).toMatchObject({
      unreachable: { code: 'ERR_AUTHENTICATION_FAILED' },
    });
  });

  test('is all there is where the ciphertext was made for another key mode', async () => {
    const kms = memoryKms();
    kms.exceptions.set('kms:Decrypt', 'ValidationException');
    const verdict = await probeKey(kept('aws-crypto-ec:tenant-id'), kms);
    expect(verdict).toMatchObject({ unreachable: { cause: { name: 'ValidationException' } } });
  });
});

describe('the ciphertexts of the probes', () => {
  const replica = ACME.kekArn.replace('us-east-1', 'eu-west-1');

  test('are made of each key in use, under the tenant’s own id, and kept', async () => {
    const kms = memoryKms();
    const pair = { ...ACME, replicaArns: [replica] };
    const probeCiphertexts = await probeCiphertextsOf(pair, kms);
    expect(probeCiphertexts.map(({ kekArn, idName }) => [kekArn, idName])).toEqual([
      [ACME.kekArn, 'tenant-id'],
      [replica, 'tenant-id'],
    ]);
    expect(kms.calls[0]?.context).toEqual({
      'tenant-id': 'acme',
      purpose: 'probe',
      format: 'sealstream/1',
    });
    expect(await probeCiphertextsOf({ ...pair, probeCiphertexts }, kms)).toEqual(probeCiphertexts);
    expect(kms.calls).toHaveLength(2);
  });
});

describe('a request of a probe', () => {
  test('is given up after ten seconds, whichever it is', async () => {
    const timeouts = vi.spyOn(AbortSignal, 'timeout');
    onTestFinished(() => timeouts.mockRestore());
    const signals: (AbortSignal | undefined)[] = [];
    const kms = memoryKms();
    const heeding: ControlPlaneKms = {
      async describe(kekArn, signal) {
        signals.push(signal);
        return await kms.describe(kekArn);
      },
      async tryOperation(trial, signal) {
        signals.push(signal);
        await kms.tryOperation(trial);
      },
      async makeCiphertext(order, signal) {
        signals.push(signal);
        return await kms.makeCiphertext(order);
      },
    };
    const probeCiphertexts = await probeCiphertextsOf(ACME, heeding);
    kms.exceptions.set('kms:Decrypt', 'ValidationException');
    await probeKey({ ...ACME, probeCiphertexts }, heeding);
    expect(kms.calls.map(({ question }) => question)).toEqual([
      'make',
      'describe',
      'kms:GenerateDataKey',
      'kms:Decrypt',
      'open',
    ]);
    expect(timeouts.mock.calls).toEqual(signals.map(() => [10_000]));
    expect(timeouts.mock.results.every(({ value }, index) => value === signals[index])).toBe(true);
  });
});

describe('a probe in hierarchical mode', () => {
  test('asks whether branch keys can be unwrapped, and nothing that the mode does not need', async () => {
    const kms = memoryKms();
    await probeKey({ ...ACME, keyMode: 'hierarchical' }, kms);
    const context = { 'aws-crypto-ec:tenant-id': 'acme', purpose: 'probe', format: 'sealstream/1' };
    expect(kms.calls).toEqual([{ question: 'describe' }, { question: 'kms:Decrypt', context }]);
  });
});

describe('a probe of a multi-Region key', () => {
  const replica = ACME.kekArn.replace('us-east-1', 'eu-west-1');
  const tenant = { ...ACME, replicaArns: [replica] };

  test('is refused by any one of its keys, whatever becomes of the others', async () => {
    const kms = memoryKms();
    kms.key(replica).description = { state: 'Disabled' };
    const refusing = {
      ...kms,
      tryOperation: async (trial: Trial) => {
        if (trial.operation === 'kms:Decrypt') throw new Error('out of reach');
        await kms.tryOperation(trial);
      },
    };
    expect(await probeKey(tenant, refusing)).toMatchObject({ refused: { code: 'ERR_TENANT_KEY_UNUSABLE' } });
  });

  test('is usable if all of them are', async () => {
    expect(await probeKey(tenant, memoryKms())).toMatchObject({ usable: true });
  });
});
