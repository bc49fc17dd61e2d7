/**
 * Conditional writes whose bodies are still arriving. S3 answers 409 to an If-None-Match write when the key was
 * deleted meanwhile, because its condition has been false and then true.
 */
export interface PendingWrite {
  /** Returns true when a delete of the key has succeeded since the write began. */
  deletedMeanwhile(): boolean;
  end(): void;
}

export interface PendingWrites {
  begin(bucket: string, key: string): PendingWrite;
  noteDelete(bucket: string, key: string): void;
}

interface Entry {
  deleted: boolean;
}

export function createPendingWrites(): PendingWrites {
  const byKey = new Map<string, Set<Entry>>();
  return {
    begin(bucket, key) {
      const name = nameOf(bucket, key);
      const entry: Entry = { deleted: false };
      const entries = byKey.get(name) ?? new Set();
      byKey.set(name, entries.add(entry));
      return {
        deletedMeanwhile: () => entry.deleted,
        end() {
          entries.delete(entry);
          if (entries.size === 0 && byKey.get(name) === entries) byKey.delete(name);
        },
      };
    },
    noteDelete(bucket, key) {
      for (const entry of byKey.get(nameOf(bucket, key)) ?? []) entry.deleted = true;
    },
  };
}

/** Returns a name for a bucket and a key. It is unambiguous, because no bucket's name has a slash. */
function nameOf(bucket: string, key: string): string {
  return `${bucket}/${key}`;
}
