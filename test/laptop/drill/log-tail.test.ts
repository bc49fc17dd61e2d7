import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LogLine, parseLine, tailLog } from '../../../laptop/drill/log-tail.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealstream-drill-test-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('hands over every line, those written before and those written after, and ones cut in two', async () => {
  const file = join(folder, 'functions.log');
  const lines: LogLine[] = [];
  await writeFile(file, 'encrypt s1 {"n":1}\nencrypt s1 START RequestId: x\nrestore s2 {"n":"');
  const tail = await tailLog(file, (line) => lines.push(line));
  await appendFile(file, 'ü"}\nrestore s2 {"n":3}\n');
  await tail.close();
  expect(lines).toEqual([
    { functionName: 'encrypt', sandbox: 's1', record: { n: 1 } },
    { functionName: 'restore', sandbox: 's2', record: { n: 'ü' } },
    { functionName: 'restore', sandbox: 's2', record: { n: 3 } },
  ]);
});

test('takes the line by which Lambda ends an invocation for a record', () => {
  expect(parseLine('revoke s1 REPORT RequestId: r1\tDuration: 12.30 ms\tBilled Duration: 13 ms')).toEqual({
    functionName: 'revoke',
    sandbox: 's1',
    record: { message: 'REPORT', requestId: 'r1', durationMs: 12.3 },
  });
});

test.each(['', 'encrypt s1 REPORT RequestId: x', 'encrypt s1 {"cut":', 'encrypt s1 [1]'])(
  'finds no record in %j',
  (text) => {
    expect(parseLine(text)).toBeUndefined();
  },
);
