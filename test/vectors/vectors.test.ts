/**
 * Messages and a vault that were written once and must open for ever: code that does not open them has changed the
 * stored format. Their KEK is in the files and protects nothing else; the KMS stand-in wraps DEKs under it.
 */
import { describe, expect, test } from 'vitest';
import { decrypt, decryptWhole } from '../../shared/envelope/message/decrypt.ts';
import { restore } from '../../shared/restore/restore.ts';
import { codeOf, drained, inPieces } from '../support/content.ts';
import { kmsStandIn, type KmsStandIn } from '../support/kms-stand-in.ts';
import { stockDecrypt } from '../support/stock-sdk.ts';
import { ACME, kekOf, keysOf } from '../support/tenants.ts';
import { NEVER, world } from '../support/world.ts';
import messages from './messages.json' with { type: 'json' };
import stored from './vault.json' with { type: 'json' };

const { context } = messages;

function kmsOf({
  kekArn,
  kekMaterial,
}: {
  readonly kekArn: string;
  readonly kekMaterial: string;
}): KmsStandIn {
  const kms = kmsStandIn();
  kms.addKey(kekArn, bytesOf(kekMaterial));
  return kms;
}

function bytesOf(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}

describe.each(messages.opens)('the message $name opens', ({ message, plaintext }) => {
  const kms = kmsOf(messages);
  const kek = kekOf(ACME, kms);

  test('whole', async () => {
    expect(await decryptWhole(kek, bytesOf(message), context)).toEqual(bytesOf(plaintext));
  });

  test.each([1, 7, 512])('in pieces of %i bytes', async (pieceBytes) => {
    const opened = await drained(decrypt(kek, { content: inPieces(bytesOf(message), pieceBytes) }, context));
    expect(opened).toEqual({ bytes: bytesOf(plaintext), code: undefined });
  });

  test('with a stock Encryption SDK', async () => {
    const opened = await stockDecrypt(kms, ACME.kekArn, bytesOf(message));
    expect(opened).toEqual({ plaintext: bytesOf(plaintext), context });
  });
});

describe.each(messages.shared)('the message of a shared DEK $name opens', ({ message, plaintext }) => {
  const kms = kmsOf(messages);

  test.each([1, 7, 512, 10_000])('in pieces of %i bytes', async (pieceBytes) => {
    const opened = await drained(
      decrypt(kekOf(ACME, kms), { content: inPieces(bytesOf(message), pieceBytes) }, context),
    );
    expect(opened).toEqual({ bytes: bytesOf(plaintext), code: undefined });
  });

  test('with a stock Encryption SDK, after its first line', async () => {
    const opened = await stockDecrypt(kms, ACME.kekArn, bytesOf(message));
    expect(opened.context).toEqual(messages.sharedContext);
    expect(opened.plaintext).toEqual(Buffer.concat([Buffer.from(messages.firstLine), bytesOf(plaintext)]));
  });
});

describe.each(messages.refused)('the message of $name is refused', ({ message, code, released }) => {
  const kek = kekOf(ACME, kmsOf(messages));

  test('whole', async () => {
    expect(await decryptWhole(kek, bytesOf(message), context).then(() => 'opened', codeOf)).toBe(code);
  });

  test('byte by byte', async () => {
    expect(await drained(decrypt(kek, { content: inPieces(bytesOf(message), 1) }, context))).toEqual({
      // Verified frames are released before the end shows that the message is wrong.
      bytes: bytesOf(released),
      code,
    });
  });
});

describe('the vault', () => {
  test.each(stored.objects)(
    'holds the object $key, which is restored',
    async ({ key, plaintext, attributes }) => {
      const ports = { ...world(), keys: keysOf(kmsOf(stored)) };
      for (const [name, body] of Object.entries(stored.vault)) ports.vault.objects.set(name, bytesOf(body));
      const destination = { bucket: 'out', key };
      await restore({ tenantId: ACME.tenantId, key, destination }, ports, NEVER);
      expect(ports.destinations.objects.get(`out/${key}`)).toEqual({ body: bytesOf(plaintext), attributes });
    },
  );

  test('holds nothing under a name of another form', () => {
    const form = /^acme\/(?:objects\/.+|long-keys\/[0-9a-f]{64}|chunks\/[0-9a-f]{64}\/\d{10})$/u;
    expect(Object.keys(stored.vault).filter((name) => !form.test(name))).toEqual([]);
    expect(Object.keys(stored.vault)).toHaveLength(8);
  });
});
