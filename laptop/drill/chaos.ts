/** The disturbances during a drill: sandboxes die in the middle of a call, and tenants forge events of each other's keys. */
import { setTimeout as delay } from 'node:timers/promises';
import { ENCRYPT_ROLE, RESTORE_ROLE } from '../names.ts';
import { forge, forwardEverything } from './forge.ts';
import type { Stage } from './stage.ts';

export interface Chaos {
  /** Resolves when nothing is disturbed any more. Throws where a forgery was taken. */
  stop(): Promise<void>;
}

const PAUSE_MS = 2_000;
/** Before and after the calls that leave something behind. They take turns. */
const KILLS: readonly object[] = [
  { service: 's3', operation: 'PutObject', role: ENCRYPT_ROLE, when: 'before' },
  { service: 's3', operation: 'PutObject', role: RESTORE_ROLE, when: 'before' },
  { service: 's3', operation: 'PutObject', role: ENCRYPT_ROLE, when: 'after' },
  { service: 's3', operation: 'PutObject', role: RESTORE_ROLE, when: 'after' },
  { service: 'dynamodb', role: ENCRYPT_ROLE, when: 'after' },
  { service: 'kms', role: RESTORE_ROLE, when: 'after' },
  { service: 'kms', role: ENCRYPT_ROLE, when: 'before' },
];

export function startChaos(stage: Stage): Chaos {
  const stopping = new AbortController();
  const running = wreak(stage, stopping.signal);
  // Heard of when it is stopped.
  running.catch(() => undefined);
  return {
    async stop() {
      stopping.abort();
      await running;
      await stage.local.tell('DELETE', 'faults');
    },
  };
}

async function wreak({ local, revoked, other }: Stage, signal: AbortSignal): Promise<void> {
  for (const holder of [revoked, other]) await forwardEverything(local.endpoint, holder);
  for (let turn = 0; !signal.aborted; turn += 1) {
    await local.tell('POST', 'faults', { ...KILLS[turn % KILLS.length], effect: { kill: true }, count: 1 });
    await forge(local.endpoint, revoked, other);
    await forge(local.endpoint, other, revoked);
    await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}
