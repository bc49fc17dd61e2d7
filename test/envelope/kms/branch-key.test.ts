import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decryptWhole } from '../../../shared/envelope/message/decrypt.ts';
import { StorageUnavailableError } from '../../../shared/errors.ts';
import { type Hierarchy, hierarchy } from '../../support/branch-keys.ts';
import type { Row } from '../../support/memory-key-store.ts';
import { CONTEXT, messageOf } from '../../support/messages.ts';
import { ACME, GLOBEX } from '../../support/tenants.ts';

const refused = { code: 'ERR_AUTHENTICATION_FAILED', disposition: 'reject' };
const ACTIVE = 'branch:ACTIVE';

interface Attempt {
  readonly sandbox: Hierarchy;
  /** A message that was made before anybody edited the table. */
  readonly message: Uint8Array;
  /** The type of the row of the version that the message is under. */
  readonly version: string;
}

/** Makes a message of acme, and flushes the cache. */
async function prepare(): Promise<Attempt> {
  const sandbox = await hierarchy();
  const message = await messageOf(sandbox.kek(), Buffer.from('x'));
  sandbox.keys.cache.flush(ACME.tenantId);
  const version = rowOf(sandbox, ACTIVE)['version']?.S ?? '';
  return { sandbox, message, version };
}

function rowOf({ store, acme }: Hierarchy, type: string, branchKeyId = acme.branchKeyId): Row {
  return { ...store.rows.get(`${branchKeyId} ${type}`) };
}

function putRow({ store, acme }: Hierarchy, type: string, row: Row): void {
  const own = { 'branch-key-id': { S: acme.branchKeyId ?? '' }, type: { S: type } };
  store.rows.set(`${acme.branchKeyId} ${type}`, { ...row, ...own });
}

async function expectEverythingFails({ sandbox, message }: Attempt): Promise<void> {
  await expect(messageOf(sandbox.kek(), randomBytes(10))).rejects.toMatchObject(refused);
  await expect(decryptWhole(sandbox.kek(), message, CONTEXT)).rejects.toMatchObject(refused);
}

describe('a row of the key store', () => {
  test.each<readonly [string, Row]>([
    ['create-time', { 'create-time': { S: '2020-01-01T00:00:00.000000Z' } }],
    ['kms-arn', { 'kms-arn': { S: GLOBEX.kekArn } }],
    ['hierarchy-version', { 'hierarchy-version': { N: '2' } }],
    ['enc', { enc: { B: randomBytes(60) } }],
    ['tenant-id', { 'aws-crypto-ec:tenant-id': { S: 'globex' } }],
    ['anything that is added', { 'aws-crypto-ec:more': { S: 'x' } }],
  ])('whose %s was edited opens nothing and makes nothing', async (_, edit) => {
    const before = await prepare();
    const { sandbox, version } = before;
    for (const type of [ACTIVE, version]) putRow(sandbox, type, { ...rowOf(sandbox, type), ...edit });
    await expectEverythingFails(before);
  });

  test('that is another tenant’s opens nothing and makes nothing', async () => {
    const before = await prepare();
    const { sandbox, version } = before;
    const theirs = rowOf(sandbox, ACTIVE, sandbox.globex.branchKeyId);
    const theirVersion = rowOf(sandbox, theirs['version']?.S ?? '', sandbox.globex.branchKeyId);
    putRow(sandbox, ACTIVE, theirs);
    putRow(sandbox, version, theirVersion);
    await expectEverythingFails(before);
  });

  test('that is another branch key’s of the same tenant opens nothing and makes nothing', async () => {
    const before = await prepare();
    const { sandbox, version } = before;
    const other = await sandbox.branchKeys.make(ACME);
    const active = rowOf(sandbox, ACTIVE, other);
    putRow(sandbox, ACTIVE, active);
    putRow(sandbox, version, rowOf(sandbox, active['version']?.S ?? '', other));
    await expectEverythingFails(before);
  });

  test('that is gone opens nothing and makes nothing', async () => {
    const before = await prepare();
    before.sandbox.store.rows.clear();
    await expectEverythingFails(before);
  });

  test('of an older version, relabelled as active, is refused: KMS binds the type of a row', async () => {
    const { sandbox, version } = await prepare();
    await sandbox.branchKeys.version(ACME, sandbox.acme.branchKeyId ?? '');
    for (const row of [rowOf(sandbox, version), { ...rowOf(sandbox, version), version: { S: version } }]) {
      putRow(sandbox, ACTIVE, row);
      await expect(messageOf(sandbox.kek(), randomBytes(10))).rejects.toMatchObject(refused);
    }
    putRow(sandbox, ACTIVE, {
      ...rowOf(sandbox, ACTIVE),
      version: { S: `branch:version:${randomBytes(16).toString('hex')}` },
    });
    await expect(messageOf(sandbox.kek(), randomBytes(10))).rejects.toMatchObject(refused);
  });

  test('that was active before and is put back undoes a rotation, and opens nothing of other tenants', async () => {
    const { sandbox } = await prepare();
    const former = rowOf(sandbox, ACTIVE);
    await sandbox.branchKeys.version(ACME, sandbox.acme.branchKeyId ?? '');
    putRow(sandbox, ACTIVE, former);
    const message = await messageOf(sandbox.kek(), Buffer.from('x'));
    expect((await decryptWhole(sandbox.kek(), message, CONTEXT)).toString()).toBe('x');
    expect(sandbox.uses.at(-1)?.branchKeyVersion).toBe(former['version']?.S?.split(':').at(-1));
  });
});

test('a key store out of reach is an outage', async () => {
  const { sandbox } = await prepare();
  const failure = new StorageUnavailableError('dynamodb:GetItem was throttled');
  Object.assign(sandbox.store.table.ddbClient, { send: () => Promise.reject(failure) });
  await expect(messageOf(sandbox.kek(), randomBytes(10))).rejects.toBe(failure);
});
