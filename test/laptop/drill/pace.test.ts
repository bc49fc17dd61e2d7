import { afterEach, expect, test, vi } from 'vitest';
import { setTimeout as delay } from 'node:timers/promises';
import { createPace } from '../../../laptop/drill/pace.ts';

const MINUTE_MS = 60_000;

afterEach(() => void vi.restoreAllMocks());

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
  vi.spyOn(performance, 'now').mockReturnValueOnce(performance.now() - MINUTE_MS);
  await pace.turn(async () => {});
  pace.hold();
  stopping.abort();
  const startedMs = performance.now();
  await pace.turn(async () => {});
  expect(performance.now() - startedMs).toBeLessThan(MINUTE_MS);
});
