/**
 * Messages in keyMode `hierarchical`, and the key store that they were made with (FORMAT rules 24 to 26). They were
 * written once and must open for ever, but not when a row is changed. As in vectors.test.ts, their KEK is in the file.
 */
import { describe, expect, test } from 'vitest';
import { decrypt, decryptWhole } from '../../shared/envelope/message/decrypt.ts';
import { type Kek, kekOf } from '../../shared/envelope/kms/kek.ts';
import type { KeyUse } from '../../shared/envelope/kms/key-use.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { codeOf, drained, inPieces } from '../support/content.ts';
import { keyStoreOf, rowsSchema } from '../support/key-store-rows.ts';
import { kmsStandIn } from '../support/kms-stand-in.ts';
import type { MemoryKeyStore, Row } from '../support/memory-key-store.ts';
import { messageOf, withBitFlipped } from '../support/messages.ts';
import { stockHierarchyDecrypt } from '../support/stock-hierarchy.ts';
import { ACME, keysOf } from '../support/tenants.ts';
import stored from './branch-keys.json' with { type: 'json' };

const { context, branchKeyId } = stored;
const acme: Tenant = { ...ACME, keyMode: 'hierarchical', branchKeyId };
const rows = rowsSchema.parse(stored.keyStore);
const kms = kmsStandIn();
kms.addKey(stored.kekArn, bytesOf(stored.kekMaterial));

function bytesOf(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}

/** Returns acme's KEK in a sandbox with an empty cache. */
function kekOver(store: MemoryKeyStore, recordUse: (use: KeyUse) => void = () => undefined): Kek {
  return kekOf(acme, { ...keysOf(kms), branchKeys: store.table, recordUse });
}

describe.each(stored.opens)('the message $name opens', ({ message, plaintext, version }) => {
  test('whole, by the version of the branch key that it names', async () => {
    const uses: KeyUse[] = [];
    const kek = kekOver(keyStoreOf(rows), (use) => void uses.push(use));
    expect(await decryptWhole(kek, bytesOf(message), context)).toEqual(bytesOf(plaintext));
    expect(uses.map(({ branchKeyVersion }) => branchKeyVersion)).toEqual([version]);
  });

  test.each([1, 7, 512])('in pieces of %i bytes', async (pieceBytes) => {
    const kek = kekOver(keyStoreOf(rows));
    const opened = await drained(decrypt(kek, { content: inPieces(bytesOf(message), pieceBytes) }, context));
    expect(opened).toEqual({ bytes: bytesOf(plaintext), code: undefined });
  });

  test('with a stock Encryption SDK', async () => {
    const opened = await stockHierarchyDecrypt({ kms, store: keyStoreOf(rows), acme }, bytesOf(message));
    expect(opened).toEqual({ plaintext: bytesOf(plaintext), context });
  });
});

test.each(stored.refused)('the message of $name is refused', async ({ message, code }) => {
  const kek = kekOver(keyStoreOf(rows));
  expect(await decryptWhole(kek, bytesOf(message), context).then(() => 'opened', codeOf)).toBe(code);
});

test('a message is refused before KMS is asked when another context is expected', async () => {
  const asked = kms.calls.length;
  const kek = kekOver(keyStoreOf(rows));
  for (const { message } of stored.opens) {
    const opening = decryptWhole(kek, bytesOf(message), { ...context, 'chunk-index': '2' });
    await expect(opening).rejects.toMatchObject({ code: 'ERR_CONTEXT_MISMATCH' });
  }
  expect(kms.calls).toHaveLength(asked);
});

describe.each(stored.opens)('the message $name is refused with a row', ({ message, version }) => {
  const name = `${branchKeyId} branch:version:${version}`;
  const row = rows[name] ?? {};
  async function codeWith(edited: Row): Promise<string> {
    const kek = kekOver(keyStoreOf({ ...rows, [name]: edited }));
    return await decryptWhole(kek, bytesOf(message), context).then(() => 'opened', codeOf);
  }

  test.each(Object.keys(row))('whose %s was changed', async (attribute) => {
    const edited = { ...row, [attribute]: change(row[attribute]) };
    expect(await codeWith(edited)).toBe('ERR_AUTHENTICATION_FAILED');
  });

  test('of another version or another type, as it is or relabelled', async () => {
    const others = Object.entries(rows).filter(([other]) => other !== name);
    expect(others).toHaveLength(3);
    for (const [, other] of others) {
      expect(await codeWith(other)).toBe('ERR_AUTHENTICATION_FAILED');
      expect(await codeWith({ ...other, type: { S: `branch:version:${version}` } })).toBe(
        'ERR_AUTHENTICATION_FAILED',
      );
    }
  });
});

test('the active branch key still makes messages', async () => {
  const store = keyStoreOf(rows);
  const message = await messageOf(kekOver(store), Buffer.from('x'), context);
  expect((await decryptWhole(kekOver(store), message, context)).toString()).toBe('x');
});

function change({ S, N, B }: Row[string] = { S: '' }): Row[string] {
  if (B !== undefined) return { B: withBitFlipped(B, 8 * B.length - 1) };
  return N === undefined ? { S: `${S}x` } : { N: `${Number(N) + 1}` };
}
