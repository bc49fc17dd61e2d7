import { describe, expect, test } from 'vitest';
import { isNewer, sequencerOrder } from '../../shared/manifest/sequencer.ts';

describe('a sequencer', () => {
  test.each([
    ['0055AED6DCD90281E6', '0055AED6DCD90281E5', true],
    ['0055AED6DCD90281E5', '0055AED6DCD90281E6', false],
    ['0055AED6DCD90281E5', '0055AED6DCD90281E5', false],
    // The shorter one is padded with zeros on the right.
    ['01', '001', true],
    ['1', '0F', true],
    ['2', '19', true],
    ['19', '2', false],
    ['1', '10', false],
    ['10', '1', false],
    ['11', '1', true],
    // Hexadecimal, in either case.
    ['a', '9', true],
    ['A', 'a', false],
    ['a', 'A', false],
    ['b', 'A', true],
  ])('%s newer than %s: %s', (sequencer, than, newer) => {
    expect(isNewer(sequencer, than)).toBe(newer);
  });

  test.each([
    ['B', 'A', 'newer'],
    ['A', 'B', 'older'],
    ['A', 'A', 'unknown'],
    ['A', 'a000', 'unknown'],
    ['', 'A', 'unknown'],
    ['A', '', 'unknown'],
    ['', '', 'unknown'],
  ])('%j beside %j is %s', (sequencer, than, order) => {
    expect(sequencerOrder(sequencer, than)).toBe(order);
  });
});
