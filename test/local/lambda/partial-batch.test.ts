import { describe, expect, test } from 'vitest';
import { succeeded } from '../../../local/lambda/partial-batch.ts';

const batch = ['a', 'b', 'c'];

describe('with ReportBatchItemFailures', () => {
  test.each([
    ['null', 'null', batch],
    ['an empty string', '""', batch],
    ['an empty object', '{}', batch],
    ['a null list', '{"batchItemFailures":null}', batch],
    ['an empty list', '{"batchItemFailures":[]}', batch],
    ['one failure', '{"batchItemFailures":[{"itemIdentifier":"b"}]}', ['a', 'c']],
    [
      'every message',
      '{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"},{"itemIdentifier":"c"}]}',
      [],
    ],
    ['an unknown identifier', '{"batchItemFailures":[{"itemIdentifier":"z"}]}', []],
    ['an empty identifier', '{"batchItemFailures":[{"itemIdentifier":""}]}', []],
    ['a null identifier', '{"batchItemFailures":[{"itemIdentifier":null}]}', []],
    ['a wrong key name', '{"batchItemFailures":[{"id":"a"}]}', []],
    ['a list that is none', '{"batchItemFailures":"a"}', []],
    ['a response that is no object', '7', []],
  ])('a response of %s leaves the right messages to delete', (_, payload, expected) => {
    expect(succeeded(batch, { payload }, true)).toEqual(expected);
  });
});

test('without ReportBatchItemFailures the response says nothing about single messages', () => {
  const payload = '{"batchItemFailures":[{"itemIdentifier":"b"}]}';
  expect(succeeded(batch, { payload }, false)).toEqual(batch);
});

test('a function that failed has dealt with nothing', () => {
  expect(succeeded(batch, { payload: 'null', functionError: 'Unhandled' }, true)).toEqual([]);
  expect(succeeded(batch, { payload: 'null', functionError: 'Unhandled' }, false)).toEqual([]);
});
