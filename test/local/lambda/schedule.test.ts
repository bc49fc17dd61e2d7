import { describe, expect, test } from 'vitest';
import { createClock } from '../../../local/front/clock.ts';
import { rateMs, scheduledEvent, startSchedule } from '../../../local/lambda/schedule.ts';

describe('a rate expression', () => {
  test.each([
    ['rate(1 minute)', 60_000],
    ['rate(5 minutes)', 300_000],
    ['rate(1 hour)', 3_600_000],
    ['rate(2 days)', 172_800_000],
  ])('%s is %i ms', (expression, ms) => {
    expect(rateMs(expression)).toBe(ms);
  });

  test.each(['rate(1 minutes)', 'rate(2 minute)', 'rate(0 minutes)', 'rate(5 seconds)', 'every minute', ''])(
    '%s is refused as EventBridge refuses it',
    (expression) => {
      expect(() => rateMs(expression)).toThrow(expect.objectContaining({ code: 'ValidationException' }));
    },
  );

  test('cron is not implemented, and says so', () => {
    expect(() => rateMs('cron(0 12 * * ? *)')).toThrow(expect.objectContaining({ code: 'NotImplemented' }));
  });
});

test('a scheduled event has the shape and the second-precise time of EventBridge', () => {
  const arn = 'arn:aws:events:us-east-1:000000000000:rule/every-minute';
  expect(scheduledEvent(arn, new Date('2026-01-02T03:04:05.678Z'))).toEqual({
    version: '0',
    id: expect.any(String),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: '000000000000',
    time: '2026-01-02T03:04:05Z',
    region: 'us-east-1',
    resources: [arn],
    detail: {},
  });
});

test('a schedule fires when the local clock passes its time, once for a jump over several', async () => {
  const clock = createClock();
  const times: unknown[] = [];
  const ruleArn = 'arn:aws:events:us-east-1:000000000000:rule/every-minute';
  const schedule = startSchedule({ ruleArn, everyMs: 60_000, clock }, (event) => times.push(event));
  await clock.advance(59_000);
  expect(times).toHaveLength(0);
  await clock.advance(1500);
  expect(times).toHaveLength(1);
  await clock.advance(600_000);
  expect(times).toHaveLength(2);
  schedule.stop();
  await clock.advance(60_000);
  expect(times).toHaveLength(2);
});
