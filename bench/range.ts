/** Measures a ranged read: the requests and the bytes that 1 MiB at random from an object of 4 GiB costs. */
import { randomInt } from 'node:crypto';
import { branchKeyTable } from '../shared/aws/branch-key-table.ts';
import { materialsCache } from '../shared/envelope/cache/materials-cache.ts';
import { type Kek, type Keys, kekOf } from '../shared/envelope/kms/kek.ts';
import { encrypt } from '../shared/envelope/message/encrypt.ts';
import { type ClearPart, encodeManifest, encodeSealedPart } from '../shared/manifest/manifest.ts';
import { chunkContext, FORMAT, manifestContext } from '../shared/object/context.ts';
import { type ByteRange, chunkRange, geometryOf, partsOf, rangeBytes } from '../shared/object/geometry.ts';
import { objectIdOf } from '../shared/object/object-id.ts';
import { type RangePorts, type RangeRead, readRange } from '../shared/restore/read-range.ts';
import { type KeyMode, type Tenant, tenantSchema } from '../shared/tenant/tenant.ts';
import { blocks } from './blocks.ts';
import { KEK_ARN, kmsStandIn } from './kms-stand-in.ts';
import type { Figure } from './report.ts';

const MIB = 1_048_576;
const SIZE_BYTES = 4_096 * MIB;
const RANGE_BYTES = MIB;
const READS = 100;
const KEY = 'database.bin';
const NEVER = new AbortController().signal;

export async function benchRange(): Promise<readonly Figure[]> {
  return [...(await figuresOf('per-chunk')), ...(await figuresOf('cached'))];
}

async function figuresOf(keyMode: keyof typeof MOST_MIB): Promise<readonly Figure[]> {
  const vault = await vaultStandIn(keyMode);
  const reads: Read[] = [];
  for (let count = 0; count < READS; count += 1) reads.push(await readAtRandom(vault));
  const across = reads.filter(({ isInOneChunk }) => !isInOneChunk);
  const within = reads.filter(({ isInOneChunk }) => isInOneChunk);
  const name = `1 MiB at random from 4 GiB, ${keyMode}`;
  return [
    { name: `${name}: GETs of chunks, most`, ...most(within, 'gets', 'GETs'), reach: { atMost: 2 } },
    { name: `${name}: fetched, most`, ...most(within, 'mib', 'MiB'), reach: { atMost: MOST_MIB[keyMode] } },
    { name: `${name}: reads across a border of chunks`, value: across.length, unit: `of ${READS}` },
    { name: `${name}: their GETs, most`, ...most(across, 'gets', 'GETs') },
    { name: `${name}: fetched for them, most`, ...most(across, 'mib', 'MiB') },
  ];
}

/** In keyMode cached the first frame is fetched besides: only the line in it says which chunk the message is. */
const MOST_MIB = { 'per-chunk': 3, cached: 3.1 } as const;

function most(reads: readonly Read[], of: 'gets' | 'mib', unit: string): Pick<Figure, 'value' | 'unit'> {
  return { value: Math.max(0, ...reads.map((read) => read[of])), unit };
}

interface Read {
  readonly gets: number;
  readonly mib: number;
  readonly isInOneChunk: boolean;
}

async function readAtRandom({ ports, fetched, clear }: VaultStandIn): Promise<Read> {
  fetched.length = 0;
  const start = randomInt(SIZE_BYTES - RANGE_BYTES);
  const range = { start, end: start + RANGE_BYTES };
  const read = await readRange({ tenantId: clear.tenantId, key: KEY, range, consume }, ports, NEVER);
  if (read !== RANGE_BYTES) throw new Error(`${read} bytes were read`);
  return {
    gets: fetched.length,
    mib: fetched.reduce((sum, bytes) => sum + bytes, 0) / MIB,
    isInOneChunk: [...partsOf(clear, range)].length === 1,
  };
}

async function consume({ content }: RangeRead): Promise<number> {
  let bytes = 0;
  for await (const piece of content) bytes += piece.length;
  return bytes;
}

interface VaultStandIn {
  readonly ports: RangePorts;
  readonly clear: ClearPart;
  /** Bytes of each GET of a chunk. */
  readonly fetched: number[];
}

/** Makes a vault that encrypts a chunk when it is read, and keeps only that one. */
async function vaultStandIn(keyMode: KeyMode): Promise<VaultStandIn> {
  const tenant = tenantOf(keyMode);
  const keys: Keys = {
    kms: kmsStandIn(),
    branchKeys: branchKeyTable('none'),
    cache: materialsCache(),
    recordUse: () => undefined,
  };
  const kek = kekOf(tenant, keys);
  const clear = clearPart(tenant);
  const manifest = await manifestOf(clear, kek);
  const fetched: number[] = [];
  let held: { readonly key: string; readonly message: Buffer } | undefined;
  async function chunkOf(key: string): Promise<Buffer> {
    if (held?.key !== key)
      held = { key, message: await chunkMessage(clear, Number(key.split('/').at(-1)), kek) };
    return held.message;
  }
  const ports: RangePorts = {
    keys,
    tenants: { tenant: async () => await Promise.resolve(tenant) },
    guard: async (_tenant, signal, work) => await work(signal),
    vault: {
      getEntry: async () => await Promise.resolve({ body: manifest, etag: '"manifest"' }),
      async getChunkRange(key: string, { start, end }: ByteRange) {
        const bytes = (await chunkOf(key)).subarray(start, end);
        fetched.push(bytes.length);
        return bytesOf(bytes);
      },
    },
  };
  return { ports, clear, fetched };
}

async function* bytesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

function tenantOf(keyMode: KeyMode): Tenant {
  const signal = { name: 'registered', at: new Date().toISOString() };
  return tenantSchema.parse({
    tenantId: 'bench',
    kekArn: KEK_ARN,
    keyMode,
    status: 'active',
    epoch: 0,
    signal,
  });
}

function clearPart({ tenantId, kekArn, epoch }: Tenant): ClearPart {
  return {
    format: FORMAT,
    tenantId,
    objectId: objectIdOf('ingest', `${tenantId}/${KEY}`, 'v1'),
    ...geometryOf(SIZE_BYTES, 64 * MIB),
    kekArn,
    epoch,
    sourceVersionId: 'v1',
    sequencer: '0A',
    sealedAt: new Date().toISOString(),
  };
}

async function manifestOf(clear: ClearPart, kek: Kek): Promise<Uint8Array> {
  const part = { clear, key: KEY, attributes: { metadata: {}, tags: {} }, checksums: [] };
  const plaintext = encodeSealedPart(part);
  const context = manifestContext(clear.tenantId, clear.objectId);
  using sealed = await encrypt(kek, { bytes: plaintext.length, content: [plaintext] }, context);
  return encodeManifest({ clear, sealed: sealed.content });
}

async function chunkMessage(clear: ClearPart, chunkIndex: number, kek: Kek): Promise<Buffer> {
  const bytes = rangeBytes(chunkRange(clear, chunkIndex));
  using message = await encrypt(kek, { bytes, content: blocks(bytes) }, chunkContext(clear, chunkIndex));
  return Buffer.from(message.content);
}
