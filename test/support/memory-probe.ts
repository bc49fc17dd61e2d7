/** KMS as the probe asks for it, in memory: every key is enabled and answers yes until told otherwise. */
import type { KeyDescription, KmsProbe } from '../../shared/revocation/probe.ts';

export interface MemoryProbe extends KmsProbe {
  /** What DescribeKey answers. */
  description: KeyDescription;
  /** The names of the exceptions that operations answer: `describeKey`, `tryGenerateDataKey`, `tryDecrypt`. */
  readonly exceptions: Map<keyof KmsProbe, string>;
  /** The operations asked for, in order, with the encryption context they were asked under. */
  readonly calls: { readonly operation: keyof KmsProbe; readonly context?: object }[];
  /** Answers every dry run with this exception; undefined: with yes. */
  refuse(exceptionName: string | undefined): void;
}

export function memoryProbe(): MemoryProbe {
  const probe: MemoryProbe = {
    description: { state: 'Enabled' },
    exceptions: new Map(),
    calls: [],
    refuse(exceptionName) {
      for (const operation of ['tryGenerateDataKey', 'tryDecrypt'] as const) {
        if (exceptionName === undefined) probe.exceptions.delete(operation);
        else probe.exceptions.set(operation, exceptionName);
      }
    },
    async describeKey() {
      await answer('describeKey');
      return probe.description;
    },
    tryGenerateDataKey: async (_arn, context) => await answer('tryGenerateDataKey', context),
    tryDecrypt: async (_arn, context) => await answer('tryDecrypt', context),
  };

  async function answer(operation: keyof KmsProbe, context?: object): Promise<void> {
    probe.calls.push(context === undefined ? { operation } : { operation, context });
    await Promise.resolve();
    const name = probe.exceptions.get(operation);
    if (name !== undefined) throw Object.assign(new Error(`KMS answered ${name}`), { name });
  }
  return probe;
}
