/** The effects of a fault on the request that it strikes. */
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { FaultEffect } from './faults.ts';
import { AwsError, type Caller } from './service.ts';

export interface Victim {
  readonly response: ServerResponse;
  readonly caller: Caller;
  /** SIGKILLs the sandbox that holds the session. */
  readonly kill: (session: string) => void;
  /** Aborts when the faults are cleared. */
  readonly cleared: AbortSignal;
}

/**
 * Applies the effects in order. Returns true when the connection is closed.
 * @throws AwsError for an `error` effect
 */
export async function inflict(effects: readonly FaultEffect[], victim: Victim): Promise<boolean> {
  for (const effect of effects) {
    if ('error' in effect) throw new AwsError(effect.error.code, effect.error.status, 'An injected fault');
    if ('latencyMs' in effect) await waitOut(effect.latencyMs, victim.cleared);
    else return hangUpOn(effect, victim);
  }
  return false;
}

async function waitOut(latencyMs: number, signal: AbortSignal): Promise<void> {
  await delay(latencyMs, undefined, { signal }).catch(() => undefined);
}

/** Closes the connection without an answer, as a broken network does. */
export function hangUp(response: ServerResponse): void {
  response.req.socket.destroy();
}

function hangUpOn(effect: { kill: true } | { drop: true }, { response, caller, kill }: Victim): boolean {
  const session = caller.principal.session;
  if ('kill' in effect && session !== undefined) kill(session);
  hangUp(response);
  return true;
}
