/** What every SQS operation works with: the queue its input names, and the caller's right to act on it. */
import { requireAccess } from '../iam/access.ts';
import type { AccessRequest, Authorizer } from '../iam/authorizer.ts';
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

/** The queue a QueueUrl names, once the caller may do `action` on it. Throws QueueDoesNotExist, AccessDeniedException. */
export function authorisedQueue(context: SqsContext, url: string, action: string, caller: Caller): Queue {
  const [name, accountId] = url.split('/').toReversed();
  if (name === undefined || accountId === undefined)
    throw new AwsError('InvalidAddress', 404, `The address ${url} is not valid for this endpoint.`);
  const queue = requireQueue(context, queueArn(caller.region, accountId, name));
  requireQueueAccess(context, queue, action, caller);
  return queue;
}

export function requireQueueAccess(
  context: SqsContext,
  queue: PolicedQueue,
  action: string,
  { principal }: Caller,
): void {
  requirePolicy(context, queue, action, { principal });
}

/** Throws AccessDeniedException unless the queue's policy lets the service send for its resource. */
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
  const policy = attributes['Policy'];
  const resourcePolicy = policy === undefined ? undefined : parsePolicy(policy, 'resource');
  const request = { ...who, action: `sqs:${action}`, resource: arn, resourceAccountId: accountId };
  requireAccess(authorizer, { ...request, resourcePolicy }, 403);
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
