import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { entryKey } from '../../shared/object/vault-key.ts';
import { openObject } from '../../shared/manifest/open.ts';
import { codeOf } from '../support/content.ts';
import { withBitFlipped } from '../support/messages.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';
import { CHUNK_BYTES, NEVER, sealed, world, type World } from '../support/world.ts';

const NAME = entryKey(ACME.tenantId, 'report.pdf');

type Members = Readonly<Record<string, unknown>>;

async function sealedWorld(): Promise<World> {
  const ports = world();
  await sealed(ports, randomBytes(2 * CHUNK_BYTES + 1));
  return ports;
}

/** Edits the manifest's members, and returns `opened` or the code of the refusal. */
async function openEdited(edit: (members: Members) => object): Promise<string> {
  const ports = await sealedWorld();
  const members: Members = JSON.parse(String(ports.vault.objects.get(NAME)));
  ports.vault.objects.set(NAME, Buffer.from(JSON.stringify(edit(members))));
  return await openObject({ tenant: ACME, key: 'report.pdf', signal: NEVER }, ports).then(
    () => 'opened',
    codeOf,
  );
}

describe('a manifest', () => {
  test('opens when nothing was edited, whatever the order of its members', async () => {
    expect(await openEdited((members) => members)).toBe('opened');
    expect(await openEdited((members) => Object.fromEntries(Object.entries(members).toReversed()))).toBe(
      'opened',
    );
  });

  test.each([
    ['format', 'sealstream/2', 'ERR_MANIFEST_INVALID'],
    ['tenantId', 'globex', 'ERR_MANIFEST_INVALID'],
    ['objectId', 'a'.repeat(64), 'ERR_CONTEXT_MISMATCH'],
    ['sizeBytes', 2 * CHUNK_BYTES + 2, 'ERR_MANIFEST_INVALID'],
    ['sizeBytes', 2 * CHUNK_BYTES, 'ERR_MANIFEST_INVALID'],
    ['chunkBytes', CHUNK_BYTES - 1, 'ERR_MANIFEST_INVALID'],
    ['chunkCount', 2, 'ERR_MANIFEST_INVALID'],
    ['kekArn', GLOBEX.kekArn, 'ERR_MANIFEST_INVALID'],
    ['epoch', 8, 'ERR_MANIFEST_INVALID'],
    ['sourceVersionId', 'v2', 'ERR_MANIFEST_INVALID'],
    ['sequencer', 'FFFF', 'ERR_MANIFEST_INVALID'],
    ['sealedAt', '2026-01-02T03:04:05.001Z', 'ERR_MANIFEST_INVALID'],
    ['sealed', '', 'ERR_AUTHENTICATION_FAILED'],
    ['sealed', 'AAAA', 'ERR_AUTHENTICATION_FAILED'],
    ['extra', 1, 'ERR_MANIFEST_INVALID'],
  ])('with another %s (%j) does not open: %s', async (member, value, code) => {
    expect(await openEdited((members) => ({ ...members, [member]: value }))).toBe(code);
  });

  test('whose geometry was edited without contradiction does not open', async () => {
    const sizeBytes = CHUNK_BYTES;
    expect(await openEdited((members) => ({ ...members, sizeBytes, chunkCount: 1 }))).toBe(
      'ERR_MANIFEST_INVALID',
    );
  });

  test('with a flipped bit in its sealed part does not open', async () => {
    const code = await openEdited((members) => {
      const message = Buffer.from(String(members['sealed']), 'base64');
      return {
        ...members,
        sealed: Buffer.from(withBitFlipped(message, 8 * message.length - 9)).toString('base64'),
      };
    });
    expect(code).toBe('ERR_AUTHENTICATION_FAILED');
  });

  test('that is no JSON does not open, and KMS is not asked', async () => {
    const ports = await sealedWorld();
    ports.vault.objects.set(NAME, Buffer.from('{"format":'));
    const asked = ports.kms.calls.length;
    expect(
      await openObject({ tenant: ACME, key: 'report.pdf', signal: NEVER }, ports).then(
        () => 'opened',
        codeOf,
      ),
    ).toBe('ERR_MANIFEST_INVALID');
    expect(ports.kms.calls).toHaveLength(asked);
  });
});

describe('a manifest in another place', () => {
  test('under another name of its tenant does not open', async () => {
    const ports = await sealedWorld();
    ports.vault.objects.set(
      entryKey(ACME.tenantId, 'other'),
      ports.vault.objects.get(NAME) ?? Buffer.alloc(0),
    );
    expect(
      await openObject({ tenant: ACME, key: 'other', signal: NEVER }, ports).then(() => 'opened', codeOf),
    ).toBe('ERR_MANIFEST_INVALID');
  });

  test('under another tenant’s name does not open, and no KEK is asked', async () => {
    const ports = await sealedWorld();
    const name = entryKey(GLOBEX.tenantId, 'report.pdf');
    ports.vault.objects.set(name, ports.vault.objects.get(NAME) ?? Buffer.alloc(0));
    const asked = ports.kms.calls.length;
    expect(
      await openObject({ tenant: GLOBEX, key: 'report.pdf', signal: NEVER }, ports).then(
        () => 'opened',
        codeOf,
      ),
    ).toBe('ERR_MANIFEST_INVALID');
    expect(ports.kms.calls).toHaveLength(asked);
  });

  test('does not open once its tenant has another KEK, and that KEK is not asked', async () => {
    const ports = await sealedWorld();
    const asked = ports.kms.calls.length;
    const tenant = { ...ACME, kekArn: GLOBEX.kekArn };
    expect(
      await openObject({ tenant: tenant, key: 'report.pdf', signal: NEVER }, ports).then(
        () => 'opened',
        codeOf,
      ),
    ).toBe('ERR_MANIFEST_INVALID');
    expect(ports.kms.calls).toHaveLength(asked);
  });

  test('relabelled for another tenant does not open under that tenant’s KEK', async () => {
    const ports = await sealedWorld();
    const members: Members = JSON.parse(String(ports.vault.objects.get(NAME)));
    const relabelled = { ...members, tenantId: GLOBEX.tenantId, kekArn: GLOBEX.kekArn };
    ports.vault.objects.set(entryKey(GLOBEX.tenantId, 'report.pdf'), Buffer.from(JSON.stringify(relabelled)));
    expect(
      await openObject({ tenant: GLOBEX, key: 'report.pdf', signal: NEVER }, ports).then(
        () => 'opened',
        codeOf,
      ),
    ).toBe('ERR_CONTEXT_MISMATCH');
  });
});
