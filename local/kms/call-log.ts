/** The log of key uses: every call that reached this KMS, newest last. */
import type { Caller } from '../front/service.ts';
import type { CallNote } from './operation.ts';

export interface KmsCall {
  readonly timeMs: number;
  readonly principalArn: string;
  /** The caller's role. Undefined for a caller that is no role. */
  readonly roleArn?: string | undefined;
  readonly session?: string | undefined;
  /** The operation, e.g. `Decrypt` or `GenerateDataKey`. */
  readonly operation: string;
  /** The key of the call, if one was found. For ReEncrypt it is the destination. */
  readonly keyArn?: string | undefined;
  readonly encryptionContext?: Readonly<Record<string, string>> | undefined;
  readonly dryRun: boolean;
  /** `Success`, or the name of the error. A dry run that would have succeeded is a DryRunOperationException. */
  readonly outcome: string;
  readonly requestId: string;
}

export interface CallLog {
  add(operation: string, caller: Caller, note: CallNote, outcome: string, timeMs: number): void;
  entries(): readonly KmsCall[];
  clear(): void;
}

/** Creates a log that keeps at least the newest 100,000 calls and drops older ones, so that memory stays bounded. */
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
