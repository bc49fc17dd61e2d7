/**
 * The way of an event from a bus to its targets. It matches rules and crosses to other buses if their policies
 * allow it. On demand of a drill it loses, doubles or reorders what it sends to queues and functions.
 */
import { randomUUID } from 'node:crypto';
import type { Authorizer } from '../iam/authorizer.ts';
import type { AwsEvent, Deliver, Sender } from '../front/service.ts';
import { type Bus, type Buses, isBusArn, ruleArn, type Target } from './bus.ts';
import { eventContext } from './event-context.ts';
import { compilePattern } from './pattern.ts';

/** The way in which EventBridge sends events to targets. `reorder` holds one back until the mode is set anew. */
export type DeliveryMode = 'normal' | 'lose' | 'double' | 'reorder';

/** An event in the form in which targets receive it. */
export interface BusEvent extends AwsEvent {
  readonly version: '0';
  readonly id: string;
}

export interface Dispatcher {
  /** Sends the event to every target of a matching rule, in the background. */
  dispatch(bus: Bus, event: BusEvent): void;
  setMode(mode: DeliveryMode): void;
  /** Resolves when no delivery is under way. */
  settled(): Promise<void>;
}

export interface DispatchOptions {
  readonly buses: Buses;
  readonly authorizer: Authorizer;
  readonly deliver: Deliver;
  /** Called for an event that neither a target nor its dead-letter queue took. */
  readonly onUndelivered: (targetArn: string, error: unknown) => void;
}

/** One event on its way to one target of one rule. */
interface Delivery {
  readonly bus: Bus;
  readonly rule: string;
  readonly target: Target;
  readonly event: BusEvent;
}

type Send = () => Promise<void>;

export function createDispatcher(options: DispatchOptions): Dispatcher {
  const underWay = new Set<Promise<void>>();
  let mode: DeliveryMode = 'normal';
  let held: Send | undefined;
  const start = (send: Send): void => {
    const sending = send().finally(() => underWay.delete(sending));
    underWay.add(sending);
  };
  const release = (): void => {
    if (held !== undefined) start(held);
    held = undefined;
  };
  const sendInMode = (send: Send): void => {
    if (mode === 'lose') return;
    if (mode === 'reorder' && held === undefined) {
      held = send;
      return;
    }
    start(send);
    if (mode === 'double') start(send);
  };
  const route = (bus: Bus, event: BusEvent, forwarded: boolean): void => {
    for (const delivery of deliveries(bus, event)) {
      if (!isBusArn(delivery.target.Arn)) sendInMode(async () => sendToTarget(options, delivery));
      // EventBridge forwards an event from one bus to another, but not on to a third.
      else if (!forwarded) start(async () => forward(options, delivery, route));
    }
  };
  return {
    dispatch: (bus, event) => route(bus, event, false),
    setMode(next) {
      mode = next;
      release();
    },
    async settled() {
      release();
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}

/** Returns the event with an id. */
export function asBusEvent(event: AwsEvent): BusEvent {
  return { version: '0', id: randomUUID(), ...event };
}

function deliveries(bus: Bus, event: BusEvent): readonly Delivery[] {
  return Object.values(bus.rules)
    .filter(({ state, eventPattern }) => state === 'ENABLED' && compilePattern(eventPattern)(event))
    .flatMap(({ name, targets }) => targets.map((target) => ({ bus, rule: name, target, event })));
}

/** Forwards an event to another bus. It keeps the account and region it came from. */
async function forward(
  options: DispatchOptions,
  delivery: Delivery,
  route: (bus: Bus, event: BusEvent, forwarded: boolean) => void,
): Promise<void> {
  const to = options.buses.find(delivery.target.Arn);
  if (to !== undefined && mayForward(options.authorizer, delivery, to))
    return route(to, delivery.event, true);
  await giveUp(options, delivery, new Error('The bus does not exist, or a policy does not allow it'));
}

/**
 * Asks as the target's role, or as the account of the rule when there is no role. The policy of the other bus must
 * agree.
 */
function mayForward(authorizer: Authorizer, { bus, target, event }: Delivery, to: Bus): boolean {
  const { accountId } = bus;
  const { RoleArn = `arn:aws:iam::${accountId}:root` } = target;
  const decision = authorizer.decide({
    principal: { accountId, arn: RoleArn, roleArn: target.RoleArn },
    action: 'events:PutEvents',
    resource: to.arn,
    resourceAccountId: to.accountId,
    resourcePolicy: to.policy,
    context: eventContext(event.source, event['detail-type']),
  });
  return decision.allowed;
}

async function sendToTarget(options: DispatchOptions, delivery: Delivery): Promise<void> {
  try {
    await options.deliver(delivery.target.Arn, delivery.event, senderOf(delivery));
  } catch (error) {
    await giveUp(options, delivery, error);
  }
}

async function giveUp(
  { deliver, onUndelivered }: DispatchOptions,
  delivery: Delivery,
  error: unknown,
): Promise<void> {
  const { Arn, DeadLetterConfig } = delivery.target;
  if (DeadLetterConfig?.Arn === undefined) return onUndelivered(Arn, error);
  await deliver(DeadLetterConfig.Arn, delivery.event, senderOf(delivery)).catch((reason: unknown) =>
    onUndelivered(Arn, reason),
  );
}

function senderOf({ bus, rule }: Delivery): Sender {
  return { service: 'events.amazonaws.com', sourceArn: ruleArn(bus, rule) };
}
