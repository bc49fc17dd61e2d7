import { describe, expect, test } from 'vitest';
import { ourselvesOf } from '../../shared/handover/input.ts';
import { trialsOf } from '../../shared/onboarding/dry-run.ts';
import { memoryKms } from '../support/memory-kms.ts';
import { ISV } from '../support/onboarding-inputs.ts';
import { ACME } from '../support/tenants.ts';

const KEY = { kekArn: ACME.kekArn, ourselves: ourselvesOf(ISV) };
const OWN = { 'tenant-id': 'acme' };

describe('an operation that takes a ciphertext, where KMS cannot be asked without one', () => {
  test('is tried with a ciphertext that the key makes once', async () => {
    const kms = memoryKms();
    for (const operation of ['kms:Decrypt', 'kms:ReEncrypt'] as const)
      kms.exceptions.set(operation, 'ValidationException');
    const tryOperation = trialsOf(KEY, kms);
    await tryOperation('kms:Decrypt', OWN);
    await tryOperation('kms:ReEncrypt', OWN);
    const questions = kms.calls.map(({ question }) => question);
    expect(questions).toEqual(['kms:Decrypt', 'make', 'open', 'kms:ReEncrypt', 'open']);
  });

  test('is refused when KMS refuses it with a ciphertext, and granted when only the ciphertext does not fit', async () => {
    const kms = memoryKms();
    kms.exceptions.set('kms:Decrypt', 'UnsupportedOperationException');
    const tryOperation = trialsOf(KEY, kms);
    kms.exceptions.set('open', 'InvalidCiphertextException');
    await tryOperation('kms:Decrypt', OWN);
    kms.exceptions.set('open', 'AccessDeniedException');
    await expect(tryOperation('kms:Decrypt', OWN)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  test('is refused when KMS refuses to make a ciphertext', async () => {
    const kms = memoryKms();
    kms.exceptions.set('kms:Decrypt', 'ValidationException');
    kms.exceptions.set('make', 'DisabledException');
    await expect(trialsOf(KEY, kms)('kms:Decrypt', OWN)).rejects.toMatchObject({
      name: 'DisabledException',
    });
  });
});

test('a ValidationException to an operation that takes no ciphertext is thrown', async () => {
  const kms = memoryKms();
  kms.exceptions.set('kms:GenerateDataKey', 'ValidationException');
  await expect(trialsOf(KEY, kms)('kms:GenerateDataKey', OWN)).rejects.toMatchObject({
    name: 'ValidationException',
  });
  expect(kms.calls).toHaveLength(1);
});
