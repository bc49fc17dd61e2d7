/** The ingest bucket, the vault and the destinations in memory, with S3's conditions on every write. */
import { createHash } from 'node:crypto';
import type { SourceVersion } from '../../shared/object/source-version.ts';
import { AuthenticationFailedError, SourceChangedError } from '../../shared/errors.ts';
import type { Attributes } from '../../shared/object/attributes.ts';
import type { Destinations } from '../../shared/ports/destinations.ts';
import type { SizedVersion, SourceDescription, Sources } from '../../shared/ports/sources.ts';
import { MAX_MANIFEST_BYTES, type StoredManifest, type Vault } from '../../shared/ports/vault.ts';
import { inPieces } from './content.ts';
import type { Effects } from './effects.ts';

export interface StoredSource extends SourceDescription {
  readonly body: Buffer;
}

export interface MemorySources extends Sources {
  /** By version id. */
  readonly versions: Map<string, StoredSource>;
}

export interface MemoryVault extends Vault {
  readonly objects: Map<string, Buffer>;
}

export interface MemoryDestinations extends Destinations {
  readonly objects: Map<string, { readonly body: Buffer; readonly attributes: Attributes }>;
  /** Keys of the writes that were given up. */
  readonly aborted: string[];
}

const SOCKET_BYTES = 65_536;

export function memorySources({ run }: Effects): MemorySources {
  const versions = new Map<string, StoredSource>();
  function found({ versionId }: SourceVersion): StoredSource {
    const stored = versions.get(versionId);
    if (stored === undefined) throw new SourceChangedError(`version ${versionId} is gone`);
    return stored;
  }
  function sized({ source, sizeBytes }: SizedVersion): StoredSource {
    const stored = found(source);
    if (stored.body.length !== sizeBytes) throw new SourceChangedError('the size is not as expected');
    return stored;
  }
  return {
    versions,
    readWhole: async (version) =>
      await run('sources.readWhole', () => {
        const stored = sized(version);
        return { content: arriving(stored.body), description: descriptionOf(stored) };
      }),
    readRange: async (version, { start, end }) =>
      await run('sources.readRange', () => arriving(sized(version).body.subarray(start, end))),
    describe: async (source) => await run('sources.describe', () => descriptionOf(found(source))),
    remove: async ({ versionId }) => await run('sources.remove', () => void versions.delete(versionId)),
  };
}

export function memoryVault({ run }: Effects): MemoryVault {
  const objects = new Map<string, Buffer>();
  function put(key: string, body: Uint8Array): void {
    objects.set(key, Buffer.from(body));
  }
  return {
    objects,
    putChunk: async ({ key, message, replacedEtag }) =>
      await run('vault.putChunk', () => {
        if (etagOf(objects.get(key)) !== replacedEtag) return undefined;
        put(key, message);
        return { etag: etagOf(message) ?? '', checksum: '' };
      }),
    getChunk: async (key, maxBytes) =>
      await run('vault.getChunk', () => {
        const body = objects.get(key);
        if (body === undefined) return undefined;
        if (body.length > maxBytes) throw new AuthenticationFailedError(`${key} is too large`);
        return arriving(body);
      }),
    getChunkRange: async (key, { start, end }) =>
      await run('vault.getChunkRange', () => {
        const body = objects.get(key);
        return body === undefined || body.length <= start ? undefined : arriving(body.subarray(start, end));
      }),
    async *listChunks(prefix) {
      const keys = await run('vault.listChunks', () =>
        [...objects.keys()].filter((key) => key.startsWith(prefix)),
      );
      for (const key of keys.toSorted(inKeyOrder)) {
        const body = objects.get(key);
        yield { key, bytes: body?.length ?? 0, etag: etagOf(body) ?? '' };
      }
    },
    getManifest: async (key) => await run('vault.getManifest', () => asManifest(objects.get(key))),
    putManifest: async (key, body, replaced) =>
      await run('vault.putManifest', () => {
        if (asManifest(objects.get(key))?.etag !== replaced?.etag) return false;
        put(key, body);
        return true;
      }),
  };
}

export function memoryDestinations({ run }: Effects): MemoryDestinations {
  const objects: MemoryDestinations['objects'] = new Map();
  const aborted: string[] = [];
  return {
    objects,
    aborted,
    async write({ destination: { bucket, key }, attributes, content }) {
      const pieces: Uint8Array[] = [];
      try {
        for await (const piece of content) pieces.push(Buffer.from(piece));
      } catch (error) {
        aborted.push(`${bucket}/${key}`);
        throw error;
      }
      const body = Buffer.concat(pieces);
      await run('destinations.write', () => void objects.set(`${bucket}/${key}`, { body, attributes }));
    },
  };
}

function descriptionOf({ body: _body, ...description }: StoredSource): SourceDescription {
  return description;
}

async function* arriving(body: Uint8Array): AsyncIterable<Uint8Array> {
  for (const piece of inPieces(body, SOCKET_BYTES)) yield await Promise.resolve(piece);
}

function asManifest(body: Buffer | undefined): StoredManifest | undefined {
  const etag = etagOf(body);
  if (body === undefined || etag === undefined) return undefined;
  return { body: body.length > MAX_MANIFEST_BYTES ? Buffer.alloc(0) : body, etag };
}

function etagOf(body: Uint8Array | undefined): string | undefined {
  return body && `"${createHash('md5').update(body).digest('hex')}"`;
}

function inKeyOrder(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
