/** CreateQueue. A repeated call with the same attributes answers the existing queue; one with others is refused. */
import { AwsError, type Caller } from '../front/service.ts';
import { requireQueueAccess, type SqsContext } from './operation.ts';
import { checkAttributes, DEFAULT_ATTRIBUTES, withoutEmpty } from './queue-attributes.ts';
import { checkName, type Queue, queueArn } from './queue.ts';
import { checkRedriveTarget } from './redrive.ts';

/**
 * Creates a queue, or returns the existing one.
 * @throws QueueNameExists, AccessDeniedException, or what `checkName`, `checkAttributes` and `checkRedriveTarget`
 * throw
 */
export function createQueue(
  context: SqsContext,
  { name, attributes, tags }: Pick<Queue, 'name' | 'attributes' | 'tags'>,
  caller: Caller,
): Queue {
  const { store, clock } = context;
  const { accountId } = caller.principal;
  const arn = queueArn(caller.region, accountId, name);
  checkName(name);
  checkAttributes(attributes);
  requireQueueAccess(context, { arn, accountId, attributes: {} }, { action: 'CreateQueue', caller });
  const existing = store.queue(arn);
  if (existing !== undefined) return agreeing(existing, attributes);
  checkRedriveTarget(store, arn, attributes);
  const all = withoutEmpty({ ...DEFAULT_ATTRIBUTES, ...attributes });
  const times = { createdMs: clock.now(), modifiedMs: clock.now() };
  const queue: Queue = { arn, accountId, region: caller.region, name, attributes: all, tags, ...times };
  store.putQueue(queue);
  return queue;
}

function agreeing(existing: Queue, attributes: Queue['attributes']): Queue {
  for (const [name, value] of Object.entries(attributes))
    if (existing.attributes[name] !== value)
      throw new AwsError(
        'QueueNameExists',
        400,
        `A queue already exists with the same name and a different value for attribute ${name}`,
      );
  return existing;
}
