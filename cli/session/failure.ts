/** Turns every failure of the command line into one code, one message and one exit code. */
import { CommanderError } from 'commander';

/** 1: findings, or a refusal. 2: wrong usage. 3: AWS or one of our functions failed; try again. */
export type FailureExitCode = 1 | 2 | 3;

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly exitCode: FailureExitCode;
}

/** The command was used wrongly. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * A function ran and failed. `code` is a code of shared/errors.ts if the function refused, otherwise Lambda's error
 * type.
 */
export class FunctionFailedError extends Error {
  override readonly name = 'FunctionFailedError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** No function answered. */
export class UnansweredError extends Error {
  override readonly name = 'UnansweredError';
}

export function failureOf(error: unknown): Failure {
  if (error instanceof UsageError) return { code: 'ERR_USAGE', message: error.message, exitCode: 2 };
  if (error instanceof CommanderError)
    return { code: 'ERR_USAGE', message: usageMessage(error), exitCode: 2 };
  if (error instanceof UnansweredError)
    return { code: 'ERR_UNANSWERED', message: error.message, exitCode: 3 };
  if (error instanceof FunctionFailedError) return functionFailure(error);
  return { code: 'ERR_FAILED', message: error instanceof Error ? error.message : String(error), exitCode: 1 };
}

/** Returns Commander's message. When no command is named, Commander prints the help and has no message. */
function usageMessage({ code, message }: CommanderError): string {
  return code === 'commander.help' ? 'name a command; --help lists them' : message.replace(/^error: /u, '');
}

/** The codes that are not refusals: these failures may pass. A code that is not ours is an unexpected failure. */
const OUTAGES: ReadonlySet<string> = new Set([
  'ERR_KMS_UNAVAILABLE',
  'ERR_STORAGE_UNAVAILABLE',
  'ERR_STORAGE_MISCONFIGURED',
]);

function functionFailure({ code, message }: FunctionFailedError): Failure {
  const isRefusal = code.startsWith('ERR_') && !OUTAGES.has(code);
  return { code, message, exitCode: isRefusal ? 1 : 3 };
}
