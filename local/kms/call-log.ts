/** The key-use log: every call that reached this KMS, newest last. */
import type { Caller } from '../front/service.ts';
import type { CallNote } from './operation.ts';

export interface KmsCall {
  readonly timeMs: number;
  readonly principalArn: string;
  /** Set when the caller acts as a role. */
  readonly roleArn?: string | undefined;
  readonly session?: string | undefined;
  /** `Decrypt`, `GenerateDataKey`, … */
  readonly operation: string;
  /** The key that was meant, where one was found; for ReEncrypt, the destination. */
  readonly keyArn?: string | undefined;
  readonly encryptionContext?: Readonly<Record<string, string>> | undefined;
  readonly dryRun: boolean;
  /** `Success`, or the name of the error. A dry run that would have worked is a DryRunOperationException. */
  readonly outcome: string;
  readonly requestId: string;
}

export interface CallLog {
  add(operation: string, caller: Caller, note: CallNote, outcome: string, timeMs: number): void;
  entries(): readonly KmsCall[];
  clear(): void;
}

/** Keeps the newest 100,000 calls at least, so that memory stays flat. */
export function createCallLog(): CallLog {
  let calls: KmsCall[] = [];
  return {
    add(operation, caller, note, outcome, timeMs) {
      if (calls.length >= 2 * KEPT_CALLS) calls = calls.slice(-KEPT_CALLS);
      calls.push({
        timeMs,
        principalArn: caller.principal.arn,
        roleArn: caller.principal.roleArn,
        session: caller.principal.session,
        operation,
        keyArn: note.key?.arn,
        encryptionContext: note.encryptionContext,
        dryRun: note.dryRun,
        outcome,
        requestId: caller.requestId,
      });
    },
    entries: () => [...calls],
    clear() {
      calls = [];
    },
  };
}

const KEPT_CALLS = 100_000;
