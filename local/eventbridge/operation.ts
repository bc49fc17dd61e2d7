/** The context and the access checks of every EventBridge operation. */
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

/** One caller's wish to do one action, e.g. `PutRule`. */
interface Act {
  readonly action: string;
  readonly caller: Caller;
}

/**
 * Returns the bus that an input names, once the caller may act on `resourceOf` it, by default the bus itself.
 * @throws ResourceNotFoundException or AccessDeniedException
 */
export function authorisedBus(
  context: EventsContext,
  nameOrArn: string | undefined,
  { resourceOf = ({ arn }) => arn, ...act }: Act & { readonly resourceOf?: (bus: Bus) => string },
): Bus {
  const bus = requireBus(context.buses, busArnOf(nameOrArn, act.caller));
  requireBusAccess(context, bus, { ...act, resource: resourceOf(bus) });
  return bus;
}

/** @throws AccessDeniedException unless the caller may act on the resource. */
export function requireBusAccess(
  { authorizer }: EventsContext,
  { accountId, policy }: Pick<Bus, 'accountId' | 'policy'>,
  act: Act & { readonly resource: string; readonly conditions?: AccessRequest['context'] },
): void {
  const request: AccessRequest = {
    principal: act.caller.principal,
    action: `events:${act.action}`,
    resource: act.resource,
    resourceAccountId: accountId,
    resourcePolicy: policy,
    context: act.conditions,
  };
  requireAccess(authorizer, request, 400);
}

export function validationException(message: string): AwsError {
  return new AwsError('ValidationException', 400, message);
}
