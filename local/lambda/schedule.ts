/** EventBridge rules with a `rate(…)`, which send the scheduled event to a function at a fixed interval. */
import { randomUUID } from 'node:crypto';
import type { LocalClock } from '../front/clock.ts';
import { AwsError } from '../front/service.ts';
import { accountOf, regionOf } from './function.ts';

export interface ScheduleOptions {
  readonly ruleArn: string;
  readonly everyMs: number;
  readonly clock: LocalClock;
}

export interface Schedule {
  stop(): void;
}

const MINUTE_MS = 60_000;
const MAX_TIMER_MS = 2 ** 31 - 1;
const UNIT_MS: Readonly<Record<string, number>> = {
  minute: MINUTE_MS,
  minutes: MINUTE_MS,
  hour: 60 * MINUTE_MS,
  hours: 60 * MINUTE_MS,
  day: 1440 * MINUTE_MS,
  days: 1440 * MINUTE_MS,
};

/**
 * Returns the milliseconds of an expression like `rate(5 minutes)`.
 * @throws ValidationException for what EventBridge refuses (`rate(1 minutes)`, `rate(0 days)`), or NotImplemented
 * for `cron(…)` and for intervals longer than a timer of Node
 */
export function rateMs(expression: string): number {
  if (expression.startsWith('cron('))
    throw new AwsError('NotImplemented', 501, `Schedule ${expression} is not implemented`);
  const [, count = '', unit = ''] = /^rate\(([1-9]\d*) (minutes?|hours?|days?)\)$/.exec(expression) ?? [];
  const ms = UNIT_MS[unit];
  if (ms === undefined || (count === '1') === unit.endsWith('s'))
    throw new AwsError('ValidationException', 400, 'Parameter ScheduleExpression is not valid.');
  if (Number(count) * ms > MAX_TIMER_MS)
    throw new AwsError('NotImplemented', 501, `Schedule ${expression} is longer than a timer of Node`);
  return Number(count) * ms;
}

/**
 * Calls `fire` every `everyMs` of the local clock, the first time one interval from now. A jump of the clock over
 * several intervals fires once, because a jump of a day must not cause 1,440 invocations.
 */
export function startSchedule(
  { ruleArn, everyMs, clock }: ScheduleOptions,
  fire: (event: object) => void,
): Schedule {
  let dueMs = clock.now() + everyMs;
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    clearTimeout(timer);
    if (clock.now() >= dueMs) {
      fire(scheduledEvent(ruleArn, new Date(clock.now())));
      dueMs = clock.now() + everyMs;
    }
    timer = setTimeout(look, dueMs - clock.now()).unref();
  };
  const unsubscribe = clock.onAdvance(look);
  look();
  return {
    stop() {
      unsubscribe();
      clearTimeout(timer);
    },
  };
}

/** Returns the event of a schedule (EventBridge user guide, "Scheduled Event"). */
export function scheduledEvent(ruleArn: string, time: Date): object {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: accountOf(ruleArn),
    time: time.toISOString().replace(/\.\d+Z$/, 'Z'),
    region: regionOf(ruleArn),
    resources: [ruleArn],
    detail: {},
  };
}
