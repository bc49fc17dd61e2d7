/** Starts the functions of a created stack, then the event sources and schedules that invoke them. */
import type { LocalClock } from '../front/clock.ts';
import { type Poller, startPolling } from '../lambda/event-source-mapping.ts';
import { type Schedule, startSchedule } from '../lambda/schedule.ts';
import { createLambda, type Lambda, type LambdaOptions } from '../lambda/service.ts';
import type { CreatedStack } from './create-resources.ts';

export interface RunningFunctions {
  readonly lambda: Lambda;
  close(): Promise<void>;
}

const NO_SOURCES: Pick<CreatedStack, 'mappings' | 'schedules'> = { mappings: [], schedules: [] };

/** Milliseconds that running invocations may take to end before their sandboxes are killed. */
const GRACE_MS = 5000;

export interface StartOptions extends LambdaOptions {
  /** False when queues and schedules invoke nothing. Default true. */
  readonly eventSources?: boolean;
}

export function startFunctions(stack: CreatedStack, options: StartOptions): RunningFunctions {
  const lambda = createLambda(options);
  for (const { fn, reservedConcurrency, permissions } of stack.functions.values())
    lambda.addFunction(fn, reservedConcurrency, permissions);
  const { mappings, schedules: rules } = options.eventSources === false ? NO_SOURCES : stack;
  const pollers = startPollers(mappings, lambda, options);
  const schedules = startSchedules(rules, lambda, options.clock);
  return {
    lambda,
    async close() {
      for (const schedule of schedules) schedule.stop();
      const drained = Promise.all(pollers.map((poller) => poller.close()));
      await lambda.close(GRACE_MS);
      await drained;
    },
  };
}

function startPollers(mappings: CreatedStack['mappings'], lambda: Lambda, options: LambdaOptions): Poller[] {
  return mappings.flatMap(({ functionArn, mapping }) => {
    const pool = lambda.find(functionArn)?.pool;
    const onLine = (line: string): void =>
      options.onLog({ function: pool?.fn.name ?? '', session: '', line });
    return pool ? [startPolling(mapping, { pool, endpoint: options.endpoint, onLine })] : [];
  });
}

function startSchedules(schedules: CreatedStack['schedules'], lambda: Lambda, clock: LocalClock): Schedule[] {
  return schedules.map(({ ruleArn, everyMs, functionArn, input }) =>
    startSchedule({ ruleArn, everyMs, clock }, (event) => void lambda.deliver(functionArn, input ?? event)),
  );
}
