/**
 * The local EventBridge: buses per account and region, rules with event patterns, cross-account buses. Input
 * transformers, schedules, archives and pipes are not implemented.
 */
import { join } from 'node:path';
import type { Authorizer } from '../iam/authorizer.ts';
import { notImplemented } from '../front/operation-input.ts';
import type { AwsEvent, Clock, Deliver, JsonService } from '../front/service.ts';
import { BUS_OPERATIONS } from './bus-operations.ts';
import { busArn, openBuses, requireBus } from './bus.ts';
import { asBusEvent, createDispatcher, type DeliveryMode } from './dispatch.ts';
import type { EventsContext, EventsOperation } from './operation.ts';
import { RULE_OPERATIONS } from './rule-operations.ts';

export interface EventBridgeOptions {
  /** Default: nothing outlives the process. */
  readonly dataDir?: string;
  readonly clock: Clock;
  readonly authorizer: Authorizer;
  readonly deliver: Deliver;
  /** Called for an event that neither a target nor its dead-letter queue took. */
  readonly onUndelivered: (targetArn: string, error: unknown) => void;
}

export interface EventBridge extends JsonService {
  /** Puts an event of AWS itself on the default bus of its account and region. */
  publish(event: AwsEvent): Promise<void>;
  setDelivery(mode: DeliveryMode): void;
  /** Resolves when every delivery under way has ended. */
  close(): Promise<void>;
}

const OPERATIONS: Readonly<Record<string, EventsOperation>> = { ...BUS_OPERATIONS, ...RULE_OPERATIONS };

export function createEventBridge(options: EventBridgeOptions): EventBridge {
  const { dataDir, clock, authorizer, deliver, onUndelivered } = options;
  const buses = openBuses(dataDir === undefined ? undefined : join(dataDir, 'event-buses.json'));
  const dispatcher = createDispatcher({ buses, authorizer, deliver, onUndelivered });
  const context: EventsContext = { buses, dispatcher, clock, authorizer };
  return {
    async call(operation, input, caller) {
      const run = OPERATIONS[operation];
      if (run === undefined) throw notImplemented(`EventBridge ${operation}`);
      return run(context, input, caller);
    },
    async publish(event) {
      const bus = requireBus(buses, busArn(event.region, event.account, 'default'));
      dispatcher.dispatch(bus, asBusEvent(event));
    },
    setDelivery: (mode) => dispatcher.setMode(mode),
    close: async () => dispatcher.settled(),
  };
}
