/** The messages between the local AWS and the runtime inside a sandbox, over the process channel. */

/** Tells the sandbox to run the handler once. */
export interface InvokeMessage {
  readonly requestId: string;
  readonly event: string;
  /** Milliseconds since the epoch, by the real clock. */
  readonly deadlineMs: number;
  readonly invokedFunctionArn: string;
}

/** Tells the sandbox how far its wall clock is ahead of real time. */
export interface ClockMessage {
  readonly clockOffsetMs: number;
}

/** An error in the form of Lambda's Node runtime. */
export interface ErrorDocument {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

/**
 * A message from the sandbox. `ready` follows the load of the bundle; one `response` or `error` answers each
 * InvokeMessage. After a `fatal` error the sandbox cannot be used any longer and waits to be killed.
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

/** True when a message is one of the runtime's, and not one of a library inside the bundle. */
export function isRuntimeMessage(message: unknown): message is RuntimeMessage {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return false;
  return message.kind === 'ready' || message.kind === 'response' || message.kind === 'error';
}
