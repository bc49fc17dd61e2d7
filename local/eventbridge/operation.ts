/** What every EventBridge operation works with. */
import { requireAccess } from '../iam/access.ts';
import type { AccessRequest, Authorizer } from '../iam/authorizer.ts';
import { AwsError, type Caller, type Clock } from '../front/service.ts';
import { type Bus, busArnOf, type Buses, requireBus } from './bus.ts';
import type { Dispatcher } from './dispatch.ts';

export interface EventsContext {
  readonly buses: Buses;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly authorizer: Authorizer;
}

export type EventsOperation = (
  context: EventsContext,
  input: Readonly<Record<string, unknown>>,
  caller: Caller,
) => object;

/** The bus an input names, once the caller may do `action` on `resource` of it (default: the bus itself). */
export function authorisedBus(
  context: EventsContext,
  nameOrArn: string | undefined,
  action: string,
  caller: Caller,
  resourceOf: (bus: Bus) => string = ({ arn }) => arn,
): Bus {
  const bus = requireBus(context.buses, busArnOf(nameOrArn, caller));
  requireBusAccess(context, bus, action, caller, resourceOf(bus));
  return bus;
}

export function requireBusAccess(
  { authorizer }: EventsContext,
  { accountId, policy }: Pick<Bus, 'accountId' | 'policy'>,
  action: string,
  { principal }: Caller,
  resource: string,
  context?: AccessRequest['context'],
): void {
  const request = { principal, action: `events:${action}`, resource, resourceAccountId: accountId, context };
  requireAccess(authorizer, { ...request, resourcePolicy: policy }, 400);
}

export function validationException(message: string): AwsError {
  return new AwsError('ValidationException', 400, message);
}
