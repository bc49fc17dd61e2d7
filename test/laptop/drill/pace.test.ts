import { expect, test } from 'vitest';
import { setTimeout as delay } from 'node:timers/promises';
import { createPace } from '../../../laptop/drill/pace.ts';

test('takes no longer than its work, until it is held at what its work used to take', async () => {
  const pace = createPace(new AbortController().signal);
  await pace.turn(async () => await delay(60));
  pace.hold();
  const startedMs = performance.now();
  await pace.turn(async () => {});
  expect(performance.now() - startedMs).toBeGreaterThan(50);
});

test('waits for nothing when it is stopped', async () => {
  const stopping = new AbortController();
  const pace = createPace(stopping.signal);
  await pace.turn(async () => await delay(400));
  pace.hold();
  stopping.abort();
  const startedMs = performance.now();
  await pace.turn(async () => {});
  expect(performance.now() - startedMs).toBeLessThan(200);
});
