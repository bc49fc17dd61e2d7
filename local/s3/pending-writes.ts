/**
 * Conditional writes whose bodies are still arriving. S3 answers 409 to an If-None-Match write when the key was
 * deleted meanwhile, because by then its condition has been both false and true.
 */
export interface PendingWrite {
  /** Whether a delete of the key has succeeded since the write began. */
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

/** No bucket's name has a slash, so the join is unambiguous. */
function nameOf(bucket: string, key: string): string {
  return `${bucket}/${key}`;
}
