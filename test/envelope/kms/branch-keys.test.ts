/** Several calls make a branch key. An error names the call that failed. */
import {
  GenerateDataKeyWithoutPlaintextCommand,
  type KMSClient,
  ReEncryptCommand,
} from '@aws-sdk/client-kms';
import { describe, expect, test } from 'vitest';
import { type BranchKeys, branchKeys } from '../../../shared/envelope/kms/branch-keys.ts';
import { StorageUnavailableError } from '../../../shared/errors.ts';
import { hierarchy, kmsClientOf } from '../../support/branch-keys.ts';
import { ACME } from '../../support/tenants.ts';

type Kind = typeof ReEncryptCommand | typeof GenerateDataKeyWithoutPlaintextCommand;

/** Makes a branch key, and then a control plane whose KMS refuses one kind of call. */
async function makeRefusing(
  Refused: Kind,
  exception: string,
): Promise<{ readonly keys: BranchKeys; readonly branchKeyId: string }> {
  const { kms, store, acme } = await hierarchy();
  const client = kmsClientOf(kms);
  const send: KMSClient['send'] = async (command: Parameters<KMSClient['send']>[0]) => {
    if (command instanceof Refused) throw Object.assign(new Error('no'), { name: exception });
    return await client.send(command);
  };
  const kmsFor = (): KMSClient => Object.create(client, { send: { value: send } });
  return { keys: branchKeys({ table: store.table, kmsFor }), branchKeyId: acme.branchKeyId ?? '' };
}

describe.each([
  ['kms:ReEncrypt', ReEncryptCommand],
  ['kms:GenerateDataKeyWithoutPlaintext', GenerateDataKeyWithoutPlaintextCommand],
] as const)('a call of %s', (operation, Refused) => {
  test.each([
    ['AccessDeniedException', 'ERR_TENANT_KEY_DENIED'],
    ['DisabledException', 'ERR_TENANT_KEY_UNUSABLE'],
    ['ThrottlingException', 'ERR_KMS_UNAVAILABLE'],
  ])('that is answered %s is named in the error', async (exception, code) => {
    const { keys, branchKeyId } = await makeRefusing(Refused, exception);
    const message = expect.stringContaining(`${operation} answered ${exception}`);
    await expect(keys.make(ACME)).rejects.toMatchObject({ code, message });
    await expect(keys.version(ACME, branchKeyId)).rejects.toMatchObject({ code, message });
  });
});

test('a table out of reach is an outage of storage, not of KMS', async () => {
  const { branchKeys: keys, store, acme } = await hierarchy();
  const failure = new StorageUnavailableError('dynamodb:TransactWriteItems answered TimeoutError');
  Object.assign(store.table.ddbClient, { send: () => Promise.reject(failure) });
  await expect(keys.make(ACME)).rejects.toBe(failure);
  await expect(keys.version(ACME, acme.branchKeyId ?? '')).rejects.toBe(failure);
});

test('a branch key whose row is gone does not verify, and is not tried again', async () => {
  const { branchKeys: keys, store, acme } = await hierarchy();
  store.rows.clear();
  await expect(keys.version(ACME, acme.branchKeyId ?? '')).rejects.toMatchObject({
    code: 'ERR_AUTHENTICATION_FAILED',
  });
});
