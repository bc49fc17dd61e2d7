/** The context of every SQS operation: the queue that its input names, and the caller's right to act on it. */
import { requireAccess } from '../iam/access.ts';
import type { AccessRequest, Authorizer, PolicyDocument } from '../iam/authorizer.ts';
import { parsePolicy } from '../iam/policy-validation.ts';
import { senderRequest } from '../iam/service-principal.ts';
import { AwsError, type Caller, type Sender } from '../front/service.ts';
import { type Queue, queueArn } from './queue.ts';
import type { ReceiveContext } from './receive.ts';

export interface SqsContext extends ReceiveContext {
  readonly authorizer: Authorizer;
  readonly endpoint: string;
}

export type SqsOperation = (
  context: SqsContext,
  input: Readonly<Record<string, unknown>>,
  caller: Caller,
) => object | Promise<object>;

/** One caller's wish to do one action, e.g. `SendMessage`. */
interface Act {
  readonly action: string;
  readonly caller: Caller;
}

/**
 * Returns the queue that a QueueUrl names, once the caller may act on it.
 * @throws InvalidAddress for a URL that names no queue, QueueDoesNotExist, or AccessDeniedException
 */
export function authorisedQueue(context: SqsContext, url: string, act: Act): Queue {
  const [name, accountId] = url.split('/').toReversed();
  if (name === undefined || accountId === undefined)
    throw new AwsError('InvalidAddress', 404, `The address ${url} is not valid for this endpoint.`);
  const queue = requireQueue(context, queueArn(act.caller.region, accountId, name));
  requireQueueAccess(context, queue, act);
  return queue;
}

/** @throws AccessDeniedException unless the caller may act on the queue */
export function requireQueueAccess(context: SqsContext, queue: PolicedQueue, act: Act): void {
  requirePolicy(context, queue, act.action, { principal: act.caller.principal });
}

/** @throws AccessDeniedException unless the queue's policy lets the service send for its resource */
export function requireSenderAccess(context: SqsContext, queue: Queue, sender: Sender): void {
  requirePolicy(context, queue, 'SendMessage', senderRequest(sender));
}

type PolicedQueue = Pick<Queue, 'arn' | 'accountId' | 'attributes'>;

function requirePolicy(
  { authorizer }: SqsContext,
  { arn, accountId, attributes }: PolicedQueue,
  action: string,
  who: Pick<AccessRequest, 'principal' | 'context'>,
): void {
  const resourcePolicy = policyOf(attributes);
  const request = { ...who, action: `sqs:${action}`, resource: arn, resourceAccountId: accountId };
  requireAccess(authorizer, { ...request, resourcePolicy }, 403);
}

const policies = new WeakMap<Queue['attributes'], PolicyDocument>();

/** Returns the policy of a queue's attributes, which is parsed once. */
function policyOf(attributes: Queue['attributes']): PolicyDocument | undefined {
  const text = attributes['Policy'];
  if (text === undefined) return undefined;
  const policy = policies.get(attributes) ?? parsePolicy(text, 'resource');
  policies.set(attributes, policy);
  return policy;
}

export function requireQueue({ store }: SqsContext, arn: string): Queue {
  const queue = store.queue(arn);
  if (queue === undefined)
    throw new AwsError('QueueDoesNotExist', 400, 'The specified queue does not exist.');
  return queue;
}

export function queueUrl({ endpoint }: SqsContext, { accountId, name }: Queue): string {
  return `${endpoint}/${accountId}/${name}`;
}
