import { expect, test } from 'vitest';
import { meanThroughput, throughput } from '../../../laptop/drill/throughput.ts';
import { PRESSED_MS, steady } from './sample-drill.ts';

test('finds a steady rate on both sides of the button', () => {
  expect(throughput(steady(), PRESSED_MS, 10_000)).toEqual({
    doneBefore: 100,
    before: 10,
    after: 10,
    ratio: 1,
  });
});

test('finds the half of what was where every other piece of work is missing after the button', () => {
  const slower = steady().filter((atMs, index) => atMs < PRESSED_MS || index % 2 === 0);
  expect(throughput(slower, PRESSED_MS, 10_000).ratio).toBe(0.5);
});

test('does not let one second of standstill decide', () => {
  const hiccup = steady().filter((atMs) => atMs < PRESSED_MS + 3_000 || atMs >= PRESSED_MS + 4_000);
  expect(throughput(hiccup, PRESSED_MS, 10_000).ratio).toBe(1);
});

test('leaves out what was done outside both windows', () => {
  const outside = [PRESSED_MS - 10_001, PRESSED_MS + 10_000];
  expect(throughput(outside, PRESSED_MS, 10_000)).toEqual({
    doneBefore: 0,
    before: 0,
    after: 0,
    ratio: 1,
  });
});

const burst = (atMs: number): number[] => Array.from({ length: 20 }, () => PRESSED_MS + atMs);

test('takes the plain means of unequal times, whatever bursts the work comes in', () => {
  const span = { startedMs: PRESSED_MS - 10_000, pressedMs: PRESSED_MS, endedMs: PRESSED_MS + 20_000 };
  expect(meanThroughput([...burst(-10_000), ...burst(1), ...burst(20_000)], span)).toEqual({
    doneBefore: 20,
    before: 2,
    after: 1,
    ratio: 0.5,
  });
});

test('finds a standstill where nothing is done at all, and none where work begins late', () => {
  const span = { startedMs: PRESSED_MS - 10_000, pressedMs: PRESSED_MS, endedMs: PRESSED_MS + 20_000 };
  expect(meanThroughput([], span).ratio).toBe(0);
  expect(meanThroughput(burst(1), span).ratio).toBe(1);
});
