import { expect, test } from 'vitest';
import { createDeliveries } from '../../../laptop/drill/deliveries.ts';
import { PRESSED_MS } from './sample-drill.ts';

const line = (record: Record<string, unknown>) => ({
  functionName: 'sealstream-local-revoke',
  sandbox: 'revoke-1',
  record,
});
/** The last line of an invocation, `afterMs` after the button. */
const event = (id: string, afterMs: number, outcome = 'revoked', tenantId = 'acme') =>
  line({
    message: 'key event',
    timestamp: new Date(PRESSED_MS + afterMs).toISOString(),
    function_request_id: id,
    outcome,
    tenantIds: [tenantId],
  });
const end = (requestId: string, durationMs: number) => line({ message: 'REPORT', requestId, durationMs });

function revokingAfterMs(...lines: readonly ReturnType<typeof line>[]): number | undefined {
  const deliveries = createDeliveries();
  for (const one of lines) deliveries.see(one);
  const atMs = deliveries.revoking('acme', PRESSED_MS);
  return atMs === undefined ? undefined : atMs - PRESSED_MS;
}

test('is when the invocation began that revoked the tenant', () => {
  expect(revokingAfterMs(event('r1', 400), end('r1', 150))).toBe(250);
});

test('is the first of several, and never before the button', () => {
  expect(revokingAfterMs(event('r2', 900), end('r2', 100), event('r1', 400), end('r1', 100))).toBe(300);
  expect(revokingAfterMs(event('r1', 400), end('r1', 700))).toBe(0);
});

test('is unknown where no event revoked this tenant after the button', () => {
  const others = [event('r1', -5), event('r2', 400, 'unchanged'), event('r3', 400, 'revoked', 'globex')];
  expect(revokingAfterMs(...others)).toBeUndefined();
});
