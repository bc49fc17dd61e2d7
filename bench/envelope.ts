/** Measures one 64 MiB chunk through the envelope, against raw AES-256-GCM and the Encryption SDK's defaults. */
import { buildClient, KmsKeyringNode } from '@aws-crypto/client-node';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type Duplex, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { branchKeyTable } from '../shared/aws/branch-key-table.ts';
import { decrypt } from '../shared/envelope/message/decrypt.ts';
import { encrypt } from '../shared/envelope/message/encrypt.ts';
import { type Kek, kekOf } from '../shared/envelope/kms/kek.ts';
import type { DataPathKms } from '../shared/ports/kms.ts';
import { keyringOf } from '../shared/envelope/kms/kms-call.ts';
import { materialsCache } from '../shared/envelope/cache/materials-cache.ts';
import { FRAME_BYTES } from '../shared/envelope/message/message-size.ts';
import { SUITE } from '../shared/envelope/message/suite.ts';
import { tenantSchema } from '../shared/tenant/tenant.ts';
import { KEK_ARN, kmsStandIn } from './kms-stand-in.ts';
import { medians } from './measure.ts';
import type { Figure } from './report.ts';

const MIB = 1_048_576;
const CHUNK_BYTES = 64 * MIB;
const ROUNDS = 15;
const WARM_UPS = 3;
const DEFAULTS_ROUNDS = 3;
const CONTEXT = { 'tenant-id': 'bench' };

export async function benchEnvelope(): Promise<readonly Figure[]> {
  const plaintext = randomBytes(CHUNK_BYTES);
  const pieces = Array.from({ length: 64 }, (_, index) => plaintext.subarray(index * MIB, (index + 1) * MIB));
  const kms = kmsStandIn();
  const kek = benchKek(kms);
  const message = await copyOf(kek, pieces);
  const raw = rawGcm(pieces);
  const [
    rawEncrypt = 0,
    framedEncrypt = 0,
    sdkEncrypt = 0,
    ourEncrypt = 0,
    rawDecrypt = 0,
    framedDecrypt = 0,
    freedDecrypt = 0,
    sdkDecrypt = 0,
    ourDecrypt = 0,
  ] = await medians(
    [
      async () => raw.encrypt(),
      async () => raw.encryptFramed(),
      async () => await throughStream(encryptStream(kms), pieces),
      async () => {
        using _ = await encrypt(kek, { bytes: CHUNK_BYTES, content: pieces }, CONTEXT);
      },
      async () => raw.decrypt(),
      async () => raw.decryptFramed(),
      async () => raw.decryptFramed(free),
      async () => await throughStream(decryptStream(kms), inFrames(message)),
      async () => {
        for await (const _ of decrypt(kek, { content: [message] }, CONTEXT));
      },
    ],
    ROUNDS,
    WARM_UPS,
  );
  const stock = stockClient(kms);
  const stockMessage = await stock.encrypt(plaintext);
  const [stockEncrypt = 0, stockDecrypt = 0] = await medians(
    [async () => await stock.encrypt(plaintext), async () => await stock.decrypt(stockMessage)],
    DEFAULTS_ROUNDS,
    1,
  );
  return [
    speed('raw AES-256-GCM, encrypt', rawEncrypt),
    speed('raw AES-256-GCM, decrypt', rawDecrypt),
    speed('raw, a cipher per 1 MiB frame, encrypt', framedEncrypt),
    speed('raw, a decipher per 1 MiB frame, each plaintext left to the collector, decrypt', framedDecrypt),
    speed('raw, a decipher per 1 MiB frame, each plaintext freed at once, decrypt', freedDecrypt),
    speed('Encryption SDK stream, our suite and frames, encrypt', sdkEncrypt),
    speed('Encryption SDK stream, our suite and frames, decrypt', sdkDecrypt),
    speed('envelope, encrypt', ourEncrypt),
    speed('envelope, decrypt', ourDecrypt),
    speed('Encryption SDK defaults, encrypt', stockEncrypt),
    speed('Encryption SDK defaults, decrypt', stockDecrypt),
    ratio('envelope / raw, encrypt', rawEncrypt / ourEncrypt, 0.85),
    ratio('envelope / raw, decrypt', rawDecrypt / ourDecrypt, 0.85),
    { name: 'envelope / raw frames, decrypt', value: framedDecrypt / ourDecrypt, unit: '×' },
    ratio('envelope / defaults, encrypt', stockEncrypt / ourEncrypt, 25),
    ratio('envelope / defaults, decrypt', stockDecrypt / ourDecrypt, 25),
    {
      name: 'ciphertext overhead',
      value: (100 * (message.length - CHUNK_BYTES)) / CHUNK_BYTES,
      unit: '%',
      reach: { atMost: 0.01 },
    },
  ];
}

function benchKek(kms: DataPathKms): Kek {
  const keys = {
    kms,
    branchKeys: branchKeyTable('none'),
    cache: materialsCache(),
    recordUse: () => undefined,
  };
  const signal = { name: 'registered', at: new Date().toISOString() };
  const tenant = { tenantId: 'bench', kekArn: KEK_ARN, status: 'active', epoch: 0, signal };
  return kekOf(tenantSchema.parse(tenant), keys);
}

async function copyOf(kek: Parameters<typeof encrypt>[0], pieces: readonly Uint8Array[]): Promise<Buffer> {
  using message = await encrypt(kek, { bytes: CHUNK_BYTES, content: pieces }, CONTEXT);
  return Buffer.from(message.content);
}

/** Returns the raw cipher over the same bytes in the same pieces. It keeps its output, as the envelope does. */
function rawGcm(pieces: readonly Uint8Array[]) {
  const key = randomBytes(32);
  const iv = randomBytes(12);
  function encryptRaw(): { ciphertext: readonly Buffer[]; tag: Buffer } {
    const cipher = createCipheriv('aes-256-gcm', key, iv);
    const ciphertext = pieces.map((piece) => cipher.update(piece));
    cipher.final();
    return { ciphertext, tag: cipher.getAuthTag() };
  }
  const { ciphertext, tag } = encryptRaw();
  const frames = pieces.map((piece) => {
    const cipher = createCipheriv('aes-256-gcm', key, iv);
    const frame = cipher.update(piece);
    cipher.final();
    return { frame, frameTag: cipher.getAuthTag() };
  });
  return {
    encrypt: encryptRaw,
    encryptFramed() {
      return pieces.map((piece) => {
        const cipher = createCipheriv('aes-256-gcm', key, iv);
        const frame = cipher.update(piece);
        cipher.final();
        return frame;
      });
    },
    decrypt() {
      const decipher = createDecipheriv('aes-256-gcm', key, iv);
      decipher.setAuthTag(tag);
      for (const piece of ciphertext) decipher.update(piece);
      decipher.final();
    },
    /** Any reader that hands out verified frames does this much. Much of its time goes into fresh memory. */
    decryptFramed(use: (plaintext: Buffer) => void = () => undefined) {
      for (const { frame, frameTag } of frames) {
        const decipher = createDecipheriv('aes-256-gcm', key, iv);
        decipher.setAuthTag(frameTag);
        const plaintext = decipher.update(frame);
        decipher.final();
        use(plaintext);
      }
    },
  };
}

/** Frees the memory at once, so that the next plaintext gets the same memory. */
function free({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/** Returns `encrypt` and `decrypt` with all defaults, as the Encryption SDK's documentation shows them. */
function stockClient(kms: ReturnType<typeof kmsStandIn>) {
  const client = buildClient();
  const keyring = new KmsKeyringNode({
    generatorKeyId: KEK_ARN,
    clientProvider: () => ({
      generateDataKey: async (request) => await kms.generateDataKey(request),
      decrypt: async (request) => await kms.decrypt(request),
      encrypt: async () => await Promise.reject(new Error('one wrapped DEK needs no Encrypt')),
    }),
  });
  return {
    encrypt: async (plaintext: Buffer) =>
      (await client.encrypt(keyring, plaintext, { encryptionContext: CONTEXT })).result,
    decrypt: async (message: Buffer) => (await client.decrypt(keyring, message)).plaintext,
  };
}

/** The Encryption SDK's stream alone, its output thrown away. The rest of the envelope's time is our own. */
function encryptStream(kms: ReturnType<typeof kmsStandIn>): Duplex {
  return buildClient().encryptStream(keyringOf(KEK_ARN, kms), {
    suiteId: SUITE.id,
    encryptionContext: CONTEXT,
    frameLength: FRAME_BYTES,
  });
}

function decryptStream(kms: ReturnType<typeof kmsStandIn>): Duplex {
  return buildClient().decryptStream(keyringOf(KEK_ARN, kms));
}

function inFrames(message: Buffer): readonly Buffer[] {
  const frames = Math.ceil(message.length / FRAME_BYTES);
  return Array.from({ length: frames }, (_, index) =>
    message.subarray(index * FRAME_BYTES, (index + 1) * FRAME_BYTES),
  );
}

async function throughStream(stream: Duplex, pieces: readonly Uint8Array[]): Promise<void> {
  await pipeline(pieces, stream, new Writable({ write: (_piece, _encoding, done) => done() }));
}

function speed(name: string, elapsedMs: number): Figure {
  return { name, value: CHUNK_BYTES / MIB / (elapsedMs / 1000), unit: 'MiB/s' };
}

function ratio(name: string, value: number, atLeast: number): Figure {
  return { name, value, unit: '×', reach: { atLeast } };
}
