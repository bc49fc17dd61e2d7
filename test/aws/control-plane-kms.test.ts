import { describe, expect, test, vi } from 'vitest';
import { controlPlaneKms } from '../../shared/aws/control-plane-kms.ts';
import type { KmsOperation } from '../../shared/ports/kms.ts';
import { ACME } from '../support/tenants.ts';

const { kekArn } = ACME;
const context = { 'tenant-id': 'acme' };
const OPERATIONS: readonly KmsOperation[] = [
  'kms:DescribeKey',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:Decrypt',
  'kms:ReEncrypt',
  'kms:CreateGrant',
  'kms:ListGrants',
];

/** Asks with a signal that has aborted. No request leaves the process. */
async function nameOfFailure(ask: (signal: AbortSignal) => Promise<unknown>): Promise<string> {
  vi.stubEnv('AWS_ACCESS_KEY_ID', '111111111111');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9');
  try {
    return await ask(AbortSignal.abort()).then(
      () => 'none',
      (error: unknown) => (error instanceof Error ? error.name : 'no error'),
    );
  } finally {
    vi.unstubAllEnvs();
  }
}

describe('a signal that aborts ends', () => {
  test.each(OPERATIONS)('a trial of %s', async (operation) => {
    const trial = { operation, kekArn, context, granteeArn: 'arn:aws:iam::111111111111:role/control' };
    const name = await nameOfFailure(async (signal) => await controlPlaneKms().tryOperation(trial, signal));
    expect(name).toBe('AbortError');
  });

  test('a description', async () => {
    const name = await nameOfFailure(async (signal) => await controlPlaneKms().describe(kekArn, signal));
    expect(name).toBe('AbortError');
  });

  test.each(['kms:GenerateDataKey', 'kms:GenerateDataKeyWithoutPlaintext'] as const)(
    'the making of a ciphertext by %s',
    async (operation) => {
      const order = { operation, kekArn, context };
      const name = await nameOfFailure(
        async (signal) => await controlPlaneKms().makeCiphertext(order, signal),
      );
      expect(name).toBe('AbortError');
    },
  );
});
