/** The tasks of a program in another language, as JSON, and its answers. Paths are absolute. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import type { EncryptionContext } from '../../shared/object/context.ts';

/** The key of a tenant, and the keyring that the program makes of it. Default: a strict KMS keyring of the KEK. */
export interface TenantKey {
  /** The tenant's account, in whose name KMS is asked. */
  readonly accountId: string;
  readonly kekArn: string;
  /** The keyring is a hierarchical one with this branch key (FORMAT rule 26). */
  readonly branchKeyId?: string | undefined;
  /** The keyring is one of this replica, in the replica's region (FORMAT rule 27). */
  readonly replicaArn?: string | undefined;
}

/** Reads an object without the product's code, as FORMAT rules 19 and 33 say. */
export interface ReadTask {
  readonly task: 'read';
  readonly id: string;
  readonly key: TenantKey;
  readonly tenantId: string;
  /** The object's name. */
  readonly name: string;
  /** The file of what rests under that name: a manifest or a small object. */
  readonly entry: string;
  /** The clear part of a small object (FORMAT rule 29). */
  readonly clear?: string | undefined;
  /** The folder of the tenant's chunks: `{objectId}/{index}`. */
  readonly chunks: string;
}

/** Opens one message of the expected context. */
export interface OpenTask {
  readonly task: 'open';
  readonly id: string;
  readonly key: TenantKey;
  readonly context: EncryptionContext;
  readonly message: string;
}

/** Writes one message. */
export interface WriteTask {
  readonly task: 'write';
  readonly id: string;
  readonly key: TenantKey;
  readonly context: EncryptionContext;
  readonly plaintext: string;
  readonly message: string;
  /** Default 0x0478 (FORMAT rule 6). */
  readonly suiteId?: number;
  /** Default 1,048,576 (FORMAT rule 8). */
  readonly frameLength?: number;
}

export type Task = ReadTask | OpenTask | WriteTask;

/** The local AWS, as a program reaches it. */
export interface Reach {
  readonly endpoint: string;
  readonly keyStore: { readonly table: string; readonly accountId: string; readonly region: string };
}

/** The SHA-256 of the plaintext, in hex, or the reason of a refusal. */
export interface Answer {
  readonly id: string;
  readonly sha256?: string | undefined;
  readonly refused?: string | undefined;
}

const answerSchema: z.ZodType<Answer> = z.object({
  id: z.string(),
  sha256: z.string().optional(),
  refused: z.string().optional(),
});

interface Run {
  readonly reach: Reach;
  readonly tasks: readonly Task[];
  /** The folder for the file of tasks. */
  readonly folder: string;
}

/** Runs a program and returns its answers by task. @throws Error when the program fails as a whole */
export async function answersOf(
  [program, ...args]: readonly [string, ...string[]],
  { reach, tasks, folder }: Run,
): Promise<ReadonlyMap<string, Answer>> {
  const file = join(folder, 'tasks.json');
  await writeFile(file, JSON.stringify({ ...reach, tasks }));
  const { stdout } = await promisify(execFile)(program, [...args, file], { maxBuffer: 64 * 1_048_576 });
  const answers = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => answerSchema.parse(JSON.parse(line)));
  return new Map(answers.map((answer) => [answer.id, answer]));
}
