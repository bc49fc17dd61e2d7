import { expect, test } from 'vitest';
import { duplicatesAmong } from '../../../laptop/drill/verify.ts';

const SEALED = ['acme/chunks/one/0000000000', 'acme/chunks/one/0000000001', 'acme/objects/load/1'];

test('an object that rests once is no duplicate, however many chunks it has', () => {
  expect(duplicatesAmong([...SEALED, 'globex/chunks/one/0000000000', 'globex/objects/load/1'])).toBe(0);
});

test('chunks that no manifest is of are a duplicate', () => {
  expect(duplicatesAmong([...SEALED, 'acme/chunks/two/0000000000', 'acme/chunks/two/0000000001'])).toBe(1);
});
