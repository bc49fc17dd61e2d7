/**
 * KMS as the control plane asks it, in memory: every key is enabled and grants everything to every tenant, until told
 * otherwise.
 */
import { randomBytes } from 'node:crypto';
import type { ControlPlaneKms, KeyDescription, KmsOperation } from '../../shared/ports/kms.ts';

/** The operations that a key's policy grants, and the tenant id of each, in which `*` and `?` are as StringLike has them. */
export type Grants = readonly (readonly [operation: KmsOperation, tenantId: string])[];

export interface MemoryKey {
  /** The members that differ from those of a key as it should be. */
  description: Partial<KeyDescription>;
  grants: Grants;
  /** The name of the exception that DescribeKey answers. */
  exception: string | undefined;
}

export interface MemoryKms extends ControlPlaneKms {
  /** The key of that ARN; made when first asked for. */
  key(kekArn: string): MemoryKey;
  /** The names of the exceptions that questions are answered with, whatever the key. */
  readonly exceptions: Map<Question, string>;
  /** The questions, in order, with the encryption context they were asked under. */
  readonly calls: { readonly question: Question; readonly context?: object }[];
  /** Answers every dry run with this exception; undefined: with what the key grants. */
  refuse(exceptionName: string | undefined): void;
}

/** `describe`, `make`: of the port. `kms:…`: that operation is tried. `open`: Decrypt or ReEncrypt of a ciphertext that is given. */
export type Question = 'describe' | 'make' | 'open' | KmsOperation;

export function messageGrants(tenantId: string): Grants {
  return [
    ['kms:GenerateDataKey', tenantId],
    ['kms:Decrypt', tenantId],
  ];
}

export function branchKeyGrants(tenantId: string): Grants {
  return [
    ['kms:Decrypt', tenantId],
    ['kms:GenerateDataKeyWithoutPlaintext', tenantId],
    ['kms:ReEncrypt', tenantId],
  ];
}

const OPERATIONS: readonly KmsOperation[] = [
  'kms:GenerateDataKey',
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncrypt',
  'kms:CreateGrant',
  'kms:ListGrants',
];

/** `grants`: what a key grants until told otherwise. Default: everything, to everybody. */
export function memoryKms(
  grants: Grants = OPERATIONS.map((operation) => [operation, '*'] as const),
): MemoryKms {
  const keys = new Map<string, MemoryKey>();
  const exceptions: MemoryKms['exceptions'] = new Map();
  const calls: MemoryKms['calls'] = [];
  /** The context that each ciphertext was made under. */
  const made = new Map<string, string>();

  function key(kekArn: string): MemoryKey {
    const known = keys.get(kekArn) ?? { description: {}, grants, exception: undefined };
    keys.set(kekArn, known);
    return known;
  }
  async function ask(question: Question, context?: object): Promise<void> {
    calls.push(context === undefined ? { question } : { question, context });
    await Promise.resolve();
    const name = exceptions.get(question);
    if (name !== undefined) throw refusal(name);
  }
  function requireGrant(
    kekArn: string,
    operation: KmsOperation,
    context: Readonly<Record<string, string>> = {},
  ): void {
    const tenantId = context['tenant-id'] ?? context['aws-crypto-ec:tenant-id'] ?? '';
    const isGranted = key(kekArn).grants.some(
      ([granted, to]) => granted === operation && isLike(to, tenantId),
    );
    if (!isGranted) throw refusal('AccessDeniedException');
  }

  return {
    key,
    exceptions,
    calls,
    refuse(exceptionName) {
      for (const question of [...OPERATIONS, 'open'] as const) {
        if (exceptionName === undefined) exceptions.delete(question);
        else exceptions.set(question, exceptionName);
      }
    },
    async describe(kekArn) {
      await ask('describe');
      const { description, exception } = key(kekArn);
      if (exception !== undefined) throw refusal(exception);
      return { ...SOUND, ...description };
    },
    async tryOperation({ operation, kekArn, context, ciphertext }) {
      await ask(ciphertext === undefined ? operation : 'open', context);
      requireGrant(kekArn, operation, context);
      if (key(kekArn).description.state === 'Disabled') throw refusal('DisabledException');
      const madeUnder = ciphertext && made.get(nameOf(ciphertext));
      if (madeUnder !== undefined && madeUnder !== JSON.stringify(context))
        throw refusal('InvalidCiphertextException');
    },
    async makeCiphertext({ operation, kekArn, context }) {
      await ask('make', context);
      requireGrant(kekArn, operation, context);
      const ciphertext = randomBytes(32);
      made.set(nameOf(ciphertext), JSON.stringify(context));
      return ciphertext;
    },
  };
}

function nameOf(ciphertext: Uint8Array): string {
  return Buffer.from(ciphertext).toString('base64');
}

function isLike(pattern: string, id: string): boolean {
  return new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'u').test(id);
}

const SOUND: KeyDescription = {
  state: 'Enabled',
  spec: 'SYMMETRIC_DEFAULT',
  usage: 'ENCRYPT_DECRYPT',
  origin: 'AWS_KMS',
  multiRegion: false,
  relatedArns: [],
  customKeyStore: false,
};

function refusal(name: string): Error {
  return Object.assign(new Error(`KMS answered ${name}`), { name });
}
