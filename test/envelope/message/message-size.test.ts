import { describe, expect, test } from 'vitest';
import {
  bodyBytes,
  FRAME_BYTES,
  isMessageSize,
  MAX_HEADER_BYTES,
} from '../../../shared/envelope/message/message-size.ts';

describe('the size of a message', () => {
  // Counted by hand from the message format: a regular frame adds 32 bytes, the final one 40.
  test.each([
    [0, 40],
    [1, 41],
    [1_048_575, 1_048_615],
    [1_048_576, 1_048_648],
    [1_048_577, 1_048_649],
    [2_097_151, 2_097_223],
    [2_097_152, 2_097_256],
    [2_097_153, 2_097_257],
    [67_108_864, 67_110_952],
  ])('%i plaintext bytes take a body of %i', (plaintextBytes, expected) => {
    expect(bodyBytes(plaintextBytes)).toBe(expected);
  });

  test('a frame is 1 MiB', () => {
    expect(FRAME_BYTES).toBe(1_048_576);
  });

  test('a message is its body and a header of 1 to 8192 bytes', () => {
    for (const plaintextBytes of [0, 1, FRAME_BYTES, 3 * FRAME_BYTES + 17]) {
      const body = bodyBytes(plaintextBytes);
      expect(isMessageSize(body, plaintextBytes)).toBe(false);
      expect(isMessageSize(body + 1, plaintextBytes)).toBe(true);
      expect(isMessageSize(body + MAX_HEADER_BYTES, plaintextBytes)).toBe(true);
      expect(isMessageSize(body + MAX_HEADER_BYTES + 1, plaintextBytes)).toBe(false);
    }
  });

  test('overhead at 64 MiB stays within 0.01 %', () => {
    const plaintextBytes = 67_108_864;
    expect((bodyBytes(plaintextBytes) + 1_000 - plaintextBytes) / plaintextBytes).toBeLessThan(0.0001);
  });
});
