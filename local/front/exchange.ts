/**
 * One signed request on its way through the front: its caller, the faults that strike it, and the answer to a
 * failure.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Timings } from './timings.ts';
import { inflict, type Victim } from './fault-effects.ts';
import type { Faults, FaultTarget } from './faults.ts';
import { type Credential, principalOf } from './identity.ts';
import { AwsError, type Caller } from './service.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly credential: Credential;
  readonly requestId: string;
}

/** The parts of the front that serving an exchange needs. */
export interface Front {
  readonly faults: Faults;
  readonly timings: Timings;
  /** SIGKILLs the sandbox that holds the session. */
  readonly kill: (session: string) => void;
  /** Called with every failure that is ours, not the caller's. */
  readonly onCrash: (error: unknown) => void;
}

/**
 * Returns the caller of a request.
 * @throws the service's own error for an access key id that names nobody
 */
export function callerOf({ request, response, credential, requestId }: Exchange): Caller {
  let signal: AbortSignal | undefined;
  return {
    principal: principalOf(credential),
    region: credential.region,
    requestId,
    userAgent: request.headers['user-agent'] ?? '',
    // Few operations ask for it, and to make and abort a signal costs more than many an operation.
    get signal() {
      signal ??= hangUpSignal(response);
      return signal;
    },
  };
}

function hangUpSignal(response: ServerResponse): AbortSignal {
  const hungUp = new AbortController();
  if (response.closed) hungUp.abort();
  else response.once('close', () => hungUp.abort());
  return hungUp.signal;
}

/** A request at which faults may strike. */
export interface Call extends Omit<Victim, 'kill' | 'cleared'> {
  readonly target: FaultTarget;
}

/** Describes a request to the faults; `text` is the URL's path, or the JSON body. */
export function callOf(
  { response, credential: { service } }: Exchange,
  caller: Caller,
  { operation, text }: Pick<FaultTarget, 'operation' | 'text'>,
): Call {
  return { response, caller, target: { service, operation, roleArn: caller.principal.roleArn, text } };
}

/** Lets the faults of that moment strike. Returns true when the connection is gone and nobody waits for an answer. */
export async function strike(
  { faults, kill }: Front,
  when: 'before' | 'after',
  { target, ...victim }: Call,
): Promise<boolean> {
  const effects = faults.take(when, target);
  return effects.length > 0 && inflict(effects, { ...victim, kill, cleared: faults.cleared() });
}

/** Returns a refusal as it is. Reports anything else as a crash, and returns a 500 with `crashCode` for it. */
export function refusalOf({ onCrash }: Front, error: unknown, crashCode: string): AwsError {
  if (error instanceof AwsError) return error;
  onCrash(error);
  return new AwsError(crashCode, 500, 'We encountered an internal error. Please try again.');
}
