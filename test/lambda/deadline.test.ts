import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { deadlineSignal } from '../../shared/lambda/deadline.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function remaining(milliseconds: number): AbortSignal {
  return deadlineSignal({ getRemainingTimeInMillis: () => milliseconds });
}

describe('the deadline of an invocation', () => {
  test('comes five seconds before Lambda’s own', () => {
    const signal = remaining(30_000);
    vi.advanceTimersByTime(24_999);
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(signal.aborted).toBe(true);
  });

  test('is an outage, so that the work is delivered again', () => {
    const signal = remaining(6_000);
    vi.advanceTimersByTime(1_000);
    expect(signal.reason).toMatchObject({ code: 'ERR_STORAGE_UNAVAILABLE', disposition: 'retry' });
  });

  test.each([5_000, 4_999, 0, -1])('comes at once when %i ms are left', (milliseconds) => {
    const signal = remaining(milliseconds);
    vi.advanceTimersByTime(1);
    expect(signal.aborted).toBe(true);
  });
});
