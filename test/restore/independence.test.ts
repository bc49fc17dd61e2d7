import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { KmsStandIn } from '../support/kms-stand-in.ts';
import { stockDecrypt } from '../support/stock-sdk.ts';
import { ACME } from '../support/tenants.ts';
import { CHUNK_BYTES, sealed, world } from '../support/world.ts';

interface Tools {
  readonly vault: ReadonlyMap<string, Buffer>;
  readonly kms: KmsStandIn;
  readonly keyArn: string;
}

/** Does by hand what FORMAT rule 19 says, with the vault, the KEK and a stock Encryption SDK: nothing else of ours. */
async function readByHand(
  { vault, kms, keyArn }: Tools,
  name: string,
): Promise<{ plaintext: Buffer; sealedPart: unknown }> {
  const { sealed: sealedBase64, ...clear } = JSON.parse(String(vault.get(`acme/objects/${name}`)));
  const sealedMessage = await stockDecrypt(kms, keyArn, Buffer.from(sealedBase64, 'base64'));
  expect(sealedMessage.context).toEqual({
    'tenant-id': 'acme',
    'object-id': clear.objectId,
    purpose: 'manifest',
    format: 'sealstream/1',
  });
  const sealedPart: { clear: unknown } = JSON.parse(sealedMessage.plaintext.toString());
  expect(sealedPart.clear).toEqual(clear);
  const plaintexts: Buffer[] = [];
  for (let index = 0; index < clear.chunkCount; index += 1) {
    const chunk =
      vault.get(`acme/chunks/${clear.objectId}/${String(index).padStart(10, '0')}`) ?? Buffer.alloc(0);
    const { plaintext, context } = await stockDecrypt(kms, keyArn, chunk);
    expect(context).toEqual({
      'tenant-id': 'acme',
      'object-id': clear.objectId,
      'chunk-index': String(index),
      'chunk-count': String(clear.chunkCount),
      format: 'sealstream/1',
    });
    plaintexts.push(plaintext);
  }
  return { plaintext: Buffer.concat(plaintexts), sealedPart };
}

describe('a tenant with its key, the vault and a stock Encryption SDK', () => {
  test.each([0, 1, 2 * CHUNK_BYTES + 1])('reads its object of %i bytes without our code', async (bytes) => {
    const ports = world();
    const body = randomBytes(bytes);
    await sealed(ports, body);
    const tools = { vault: ports.vault.objects, kms: ports.kms, keyArn: ACME.kekArn };
    const { plaintext, sealedPart } = await readByHand(tools, 'report.pdf');
    expect(plaintext.equals(body)).toBe(true);
    expect(sealedPart).toMatchObject({
      key: 'report.pdf',
      attributes: { contentType: 'application/pdf', metadata: { owner: 'Zoë' }, tags: { class: 'secret' } },
      checksums: [{ algorithm: 'CRC32', type: 'FULL_OBJECT', value: 'AAAAAA==' }],
    });
  });
});
