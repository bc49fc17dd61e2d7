/** What the local AWS and the runtime inside a sandbox say to each other over the process channel. */

/** To the sandbox: run the handler once. */
export interface InvokeMessage {
  readonly requestId: string;
  readonly event: string;
  /** By the real clock. */
  readonly deadlineMs: number;
  readonly invokedFunctionArn: string;
}

/** To the sandbox: its wall clock is now so far ahead of real time. */
export interface ClockMessage {
  readonly clockOffsetMs: number;
}

/** An error as Lambda's Node runtime reports it. */
export interface ErrorDocument {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

/**
 * From the sandbox. `ready` follows the load of the bundle; each InvokeMessage is answered by one `response` or
 * `error`. After a `fatal` error the sandbox is of no further use and waits to be killed.
 */
export type RuntimeMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'response'; readonly payload: string; readonly peakResidentBytes: number }
  | {
      readonly kind: 'error';
      readonly error: ErrorDocument;
      readonly fatal: boolean;
      readonly peakResidentBytes: number;
    };

/** Whether a message is one of the runtime's (and not, say, one that a library inside the bundle sent). */
export function isRuntimeMessage(message: unknown): message is RuntimeMessage {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return false;
  return message.kind === 'ready' || message.kind === 'response' || message.kind === 'error';
}
