/** Buckets that tell of every use of a DEK: a message that is written, a frame that is released. */
import { isInline } from '../../../shared/manifest/inline.ts';
import { decodeManifest } from '../../../shared/manifest/manifest.ts';
import type { Destinations, RestoredObject } from '../../../shared/ports/destinations.ts';
import type { Entry, Vault } from '../../../shared/ports/vault.ts';
import type { KeyUses } from './key-uses.ts';
import type { Gate } from './gate.ts';

export interface WatchedVault extends Vault {
  /** The message that was read last has been decrypted, at least in part. */
  decrypted(): void;
}

interface Message {
  readonly key: string;
  /** At least its header. */
  readonly bytes: Uint8Array;
  readonly begunMs: number;
}

/** The vault of one piece of work, which makes or reads one message after the other. */
export function watchedVault(vault: Vault, uses: KeyUses, sandbox: string): WatchedVault {
  let begunMs = Date.now();
  let reading: Message | undefined;
  let lastWritten: Uint8Array = new Uint8Array();

  function use({ key, bytes, begunMs: messageBegunMs }: Message): void {
    uses.used(sandbox, key.slice(0, key.indexOf('/')), bytes, messageBegunMs);
  }
  function written(key: string, bytes: Uint8Array): void {
    // A message that lost its race is written once more as it is: no key is used for that.
    if (Buffer.compare(bytes, lastWritten) === 0) return;
    lastWritten = Buffer.from(bytes);
    use({ key, bytes, begunMs });
    begunMs = Date.now();
  }
  function decrypted(): void {
    if (reading !== undefined) use(reading);
  }

  return {
    decrypted,
    listChunks: (prefix) => vault.listChunks(prefix),
    async putChunk(chunk, signal) {
      // An aborted request is not made.
      if (!signal.aborted) written(chunk.key, chunk.message);
      return await vault.putChunk(chunk, signal);
    },
    async putEntry(key, entry, replaced) {
      written(key, messageIn(entry));
      return await vault.putEntry(key, entry, replaced);
    },
    async getChunk(key, maxBytes, signal) {
      if (!signal.aborted) decrypted();
      reading = undefined;
      const chunk = await vault.getChunk(key, maxBytes, signal);
      const chunkBegunMs = Date.now();
      if (chunk === undefined) return undefined;
      return observed(chunk, (bytes) => (reading ??= { key, bytes, begunMs: chunkBegunMs }));
    },
    getChunkRange: async (key, range, signal) => await vault.getChunkRange(key, range, signal),
    async getEntry(key) {
      const entry = await vault.getEntry(key);
      const bytes = entry && messageIn(entry);
      reading = bytes && { key, bytes, begunMs: Date.now() };
      return entry;
    },
  };
}

/** Returns the one message of an entry. */
function messageIn(entry: Entry): Uint8Array {
  return isInline(entry) ? entry.body : decodeManifest(entry.body).sealed;
}

/** Destinations that may keep the content waiting, frame by frame. */
export function watchedDestinations(
  destinations: Destinations,
  vault: WatchedVault,
  entrance: Gate,
): Destinations {
  async function* frames(content: RestoredObject['content'], signal: AbortSignal): AsyncIterable<Uint8Array> {
    for await (const frame of content) {
      signal.throwIfAborted();
      vault.decrypted();
      yield await entrance.pass(() => frame, signal);
    }
  }
  return {
    write: async (object, signal) =>
      await destinations.write({ ...object, content: frames(object.content, signal) }, signal),
  };
}

async function* observed(
  stream: AsyncIterable<Uint8Array>,
  see: (piece: Uint8Array) => void,
): AsyncIterable<Uint8Array> {
  for await (const piece of stream) {
    see(piece);
    yield piece;
  }
}
