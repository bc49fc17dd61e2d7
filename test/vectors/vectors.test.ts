/**
 * Messages and a vault that were written once and must open for ever: code that does not open them has changed the
 * stored format. Their KEK is in the files and protects nothing else; the KMS stand-in wraps DEKs under it.
 */
import { describe, expect, test } from 'vitest';
import { decrypt, decryptWhole } from '../../shared/envelope/message/decrypt.ts';
import type { Kek } from '../../shared/envelope/kms/kek.ts';
import { readRange, type RangeRead } from '../../shared/restore/read-range.ts';
import { restore } from '../../shared/restore/restore.ts';
import { codeOf, drained, inPieces } from '../support/content.ts';
import { kmsStandIn, type KmsStandIn } from '../support/kms-stand-in.ts';
import { readPart } from '../support/ranged-message.ts';
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

/** Reads the last two thirds of the content. */
async function openInPart(kek: Kek, message: string, plaintext: string): Promise<string> {
  const content = bytesOf(plaintext);
  const range = { start: Math.floor(content.length / 3), end: content.length };
  const part = { message: bytesOf(message), contentBytes: content.length, expected: context };
  const { bytes, code = 'other bytes' } = await readPart(kek, part, range);
  return bytes.equals(content.subarray(range.start)) ? 'the same bytes' : code;
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

test.each([...messages.opens, ...messages.shared].filter(({ plaintext }) => plaintext !== ''))(
  'the message $name opens in part',
  async ({ message, plaintext }) => {
    const kek = kekOf(ACME, kmsOf(messages));
    expect(await openInPart(kek, message, plaintext)).toBe('the same bytes');
  },
);

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

  test.each(stored.objects.filter(({ plaintext }) => plaintext !== ''))(
    'holds the object $key, whose last byte is read',
    async ({ key, plaintext }) => {
      const ports = { ...world(), keys: keysOf(kmsOf(stored)) };
      for (const [name, body] of Object.entries(stored.vault)) ports.vault.objects.set(name, bytesOf(body));
      const range = { start: bytesOf(plaintext).length - 1 };
      const request = { tenantId: ACME.tenantId, key, range, consume: collect };
      expect(await readRange(request, ports, NEVER)).toEqual(bytesOf(plaintext).subarray(-1));
    },
  );

  test('holds nothing under a name of another form', () => {
    const form = /^acme\/(?:objects\/.+|long-keys\/[0-9a-f]{64}|chunks\/[0-9a-f]{64}\/\d{10})$/u;
    expect(Object.keys(stored.vault).filter((name) => !form.test(name))).toEqual([]);
    expect(Object.keys(stored.vault)).toHaveLength(8);
  });
});

async function collect({ content }: RangeRead): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(content));
}
