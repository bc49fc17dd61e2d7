/** KMS as the probe asks for it, in memory: every key is enabled and answers yes until told otherwise. */
import type { KeyDescription, KmsProbe, ProbeMaker } from '../../shared/ports/kms.ts';

export interface MemoryProbe extends KmsProbe, ProbeMaker {
  /** What DescribeKey answers. */
  description: KeyDescription;
  /** The names of the exceptions that operations answer: `describeKey`, `tryGenerateDataKey`, `tryDecrypt`. */
  readonly exceptions: Map<Asked, string>;
  /** The operations asked for, in order, with the encryption context they were asked under. */
  readonly calls: { readonly operation: Asked; readonly context?: object }[];
  /** Answers every dry run with this exception; undefined: with yes. */
  refuse(exceptionName: string | undefined): void;
}

/** `tryCiphertext`: Decrypt of a ciphertext that is given. */
type Asked = keyof KmsProbe | keyof ProbeMaker | 'tryCiphertext';

export function memoryProbe(): MemoryProbe {
  const probe: MemoryProbe = {
    description: { state: 'Enabled' },
    exceptions: new Map(),
    calls: [],
    refuse(exceptionName) {
      for (const operation of ['tryGenerateDataKey', 'tryDecrypt', 'tryCiphertext'] as const) {
        if (exceptionName === undefined) probe.exceptions.delete(operation);
        else probe.exceptions.set(operation, exceptionName);
      }
    },
    async describeKey() {
      await answer('describeKey');
      return probe.description;
    },
    tryGenerateDataKey: async (_arn, context) => await answer('tryGenerateDataKey', context),
    tryDecrypt: async (_arn, context, ciphertext) =>
      await answer(ciphertext === undefined ? 'tryDecrypt' : 'tryCiphertext', context),
    async makeCiphertext(kekArn, context) {
      await answer('makeCiphertext', context);
      return Buffer.from(kekArn);
    },
  };

  async function answer(operation: Asked, context?: object): Promise<void> {
    probe.calls.push(context === undefined ? { operation } : { operation, context });
    await Promise.resolve();
    const name = probe.exceptions.get(operation);
    if (name !== undefined) throw Object.assign(new Error(`KMS answered ${name}`), { name });
  }
  return probe;
}
