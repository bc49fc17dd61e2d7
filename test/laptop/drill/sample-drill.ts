/** A drill in which everything went well: one encrypting and one restoring sandbox, work for both tenants each second. */
import type { SandboxKeyUse } from '../../../laptop/drill/key-use.ts';
import type { Drill, TenantWork } from '../../../laptop/drill/drill.ts';

export const PRESSED_MS: number = Date.parse('2026-01-01T00:00:10.000Z');

/** Times are milliseconds since the button. */
export function use(
  operation: SandboxKeyUse['operation'],
  startedMs: number,
  endedMs: number,
  tenantId = 'acme',
): SandboxKeyUse {
  const [from, to] = [PRESSED_MS + startedMs, PRESSED_MS + endedMs];
  return { sandbox: `${operation}-1`, tenantId, operation, startedMs: from, endedMs: to };
}

/** Ten pieces of work a second from 10 s before the button to 20 s after it. */
export function steady(): number[] {
  return Array.from({ length: 300 }, (_, index) => PRESSED_MS - 10_000 + index * 100);
}

export function sampleDrill(changed: Partial<Drill> = {}): Drill {
  return {
    options: {
      sandboxes: 1,
      seconds: 30,
      maxKeyAgeSeconds: 10,
      propagationSeconds: 0,
      loseEvents: false,
      chaos: false,
      round: 0,
    },
    moments: {
      startedMs: PRESSED_MS - 10_000,
      pressedMs: PRESSED_MS,
      deliveredMs: PRESSED_MS + 150,
      heard: { atMs: PRESSED_MS + 200, signal: 'DisableKey' },
      enablingMs: PRESSED_MS + 20_000,
      enabledMs: PRESSED_MS + 20_010,
      drainedMs: PRESSED_MS + 23_000,
    },
    uses: [use('encrypt', -500, -490), use('restore', 640, 700), use('encrypt', 380, 400, 'globex')],
    revoked: workOf('acme'),
    other: workOf('globex'),
    parkedJobs: 12,
    remains: { lost: 0, halfWritten: 0, unfinished: 0, duplicates: 0 },
    ...changed,
  };
}

function workOf(tenantId: string): TenantWork {
  return { tenantId, uploads: 300, sealedMs: steady(), restoredMs: steady(), failures: new Map() };
}
