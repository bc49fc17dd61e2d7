/** The ingest bucket, the vault and the destinations in memory, with S3's conditions on every write. */
import { createHash } from 'node:crypto';
import type { SourceVersion } from '../../shared/object/source-version.ts';
import { AuthenticationFailedError, SourceChangedError } from '../../shared/errors.ts';
import type { Attributes } from '../../shared/object/attributes.ts';
import type { Destinations } from '../../shared/ports/destinations.ts';
import type { SizedVersion, SourceDescription, Sources } from '../../shared/ports/sources.ts';
import { type Entry, MAX_ENTRY_BYTES, type StoredEntry, type Vault } from '../../shared/ports/vault.ts';
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
  /** The clear parts of inline objects, by key. */
  readonly clearParts: Map<string, string>;
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
  const clearParts = new Map<string, string>();
  function put(key: string, { body, clear }: Entry): void {
    objects.set(key, Buffer.from(body));
    if (clear === undefined) clearParts.delete(key);
    else clearParts.set(key, clear);
  }
  function entryAt(key: string): StoredEntry | undefined {
    const stored = objects.get(key);
    const etag = etagOf(stored);
    if (stored === undefined || etag === undefined) return undefined;
    const body = stored.length > MAX_ENTRY_BYTES ? Buffer.alloc(0) : stored;
    return { body, clear: clearParts.get(key), etag };
  }
  return {
    objects,
    clearParts,
    putChunk: async ({ key, message, replacedEtag }) =>
      await run('vault.putChunk', () => {
        if (etagOf(objects.get(key)) !== replacedEtag) return undefined;
        put(key, { body: message });
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
    getEntry: async (key) => await run('vault.getEntry', () => entryAt(key)),
    putEntry: async (key, entry, replaced) =>
      await run('vault.putEntry', () => {
        if (etagOf(objects.get(key)) !== replaced?.etag) return false;
        put(key, entry);
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

function etagOf(body: Uint8Array | undefined): string | undefined {
  return body && `"${createHash('md5').update(body).digest('hex')}"`;
}

function inKeyOrder(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
