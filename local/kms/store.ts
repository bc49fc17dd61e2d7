/** All data of the local KMS, in memory and, with a data folder, in one JSON file. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KmsKey } from './key.ts';

export interface Alias {
  readonly accountId: string;
  readonly region: string;
  /** The name with its prefix `alias/`. */
  readonly name: string;
  targetKeyId: string;
  readonly createdMs: number;
  updatedMs: number;
}

export interface KeyMaterial {
  /** The id, 64 hex digits, which every ciphertext contains. */
  readonly id: string;
  /** 256 bits in base64. */
  readonly bytes: string;
  readonly createdMs: number;
  readonly rotation?: 'AUTOMATIC' | 'ON_DEMAND' | undefined;
}

export interface ImportToken {
  readonly token: string;
  readonly keyArn: string;
  /** The private key as PKCS#8 PEM. */
  readonly privateKey: string;
  readonly oaepHash: string;
  readonly expiresMs: number;
}

export interface Store {
  /** Keys by ARN. */
  readonly keys: Map<string, KmsKey>;
  readonly aliases: Alias[];
  /** Material by key id, oldest first. The keys of one multi-Region set share it. */
  readonly materials: Map<string, KeyMaterial[]>;
  readonly importTokens: ImportToken[];
  /** The number of keys that an account ever made in a Region, by `{account}/{region}`. */
  readonly keysMade: Map<string, number>;
  /** Writes the present state to the file. Resolves when it is there. */
  save(): Promise<void>;
}

interface StoredState {
  readonly keys: KmsKey[];
  readonly aliases: Alias[];
  readonly materials: [string, KeyMaterial[]][];
  readonly importTokens: ImportToken[];
  readonly keysMade: [string, number][];
}

const FILE = 'kms.json';

/** Opens the store. Without a folder it writes nothing. */
export async function openStore(dataDir?: string): Promise<Store> {
  const stored = dataDir === undefined ? undefined : await load(dataDir);
  const content = {
    keys: new Map((stored?.keys ?? []).map((key) => [key.arn, key])),
    aliases: stored?.aliases ?? [],
    materials: new Map(stored?.materials),
    importTokens: stored?.importTokens ?? [],
    keysMade: new Map(stored?.keysMade),
  };
  let saved: Promise<void> = Promise.resolve();
  return {
    ...content,
    save() {
      if (dataDir === undefined) return Promise.resolve();
      // Writes follow each other, and a failed one does not stop the next.
      const write = (): Promise<void> => replace(dataDir, { ...content, keys: [...content.keys.values()] });
      saved = saved.then(write, write);
      return saved;
    },
  };
}

async function load(dataDir: string): Promise<StoredState | undefined> {
  await mkdir(dataDir, { recursive: true });
  const file = join(dataDir, FILE);
  if (!existsSync(file)) return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only this store writes the file
  return JSON.parse(await readFile(file, 'utf8')) as StoredState;
}

/** Writes the state beside the file and renames it, so that a crash leaves either the old state or the new one. */
async function replace(
  dataDir: string,
  content: Omit<StoredState, 'materials' | 'keysMade'> & Pick<Store, 'materials' | 'keysMade'>,
): Promise<void> {
  const { materials, keysMade } = content;
  const text = JSON.stringify({ ...content, materials: [...materials], keysMade: [...keysMade] });
  const temporary = join(dataDir, `${FILE}.new`);
  await writeFile(temporary, text, { mode: 0o600 });
  await rename(temporary, join(dataDir, FILE));
}
