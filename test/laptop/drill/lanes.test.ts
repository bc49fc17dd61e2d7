import { expect, test } from 'vitest';
import { lanesOf, strokesOf } from '../../../laptop/drill/lanes.ts';
import { PRESSED_MS, use } from './sample-drill.ts';

/** Ten milliseconds a pixel, the button at 0. */
const x = (ms: number): number => (ms - PRESSED_MS) / 10;

test('draws uses that touch or overlap as one stroke, in whatever order they come', () => {
  const uses = [use('encrypt', 105, 200), use('encrypt', 0, 100), use('encrypt', 300, 310)];
  expect(strokesOf(uses, x, 100)).toEqual([
    { from: 0, to: 20 },
    { from: 30, to: 31 },
  ]);
});

test('draws the shortest use a pixel long', () => {
  expect(strokesOf([use('encrypt', 50, 50)], x, 100)).toEqual([{ from: 5, to: 6 }]);
});

test('cuts at both ends and leaves out what lies beyond', () => {
  const uses = [use('encrypt', -500, -400), use('encrypt', -50, 30), use('encrypt', 990, 2000)];
  expect(strokesOf(uses, x, 100)).toEqual([
    { from: 0, to: 3 },
    { from: 99, to: 100 },
  ]);
});

test('gives every sandbox a lane, encrypting ones first, with the revoked tenant apart', () => {
  const uses = [use('restore', 0, 5), use('encrypt', 5, 9, 'globex'), use('encrypt', 1, 2)];
  const lanes = lanesOf(uses, 'acme');
  expect(lanes.map(({ name }) => name)).toEqual(['encrypt 1', 'restore 1']);
  expect(lanes[0]).toMatchObject({ revoked: [uses[2]], other: [uses[1]] });
});
