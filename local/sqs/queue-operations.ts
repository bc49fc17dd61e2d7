/** The operations on queues. */
import * as z from 'zod';
import { readInput } from '../front/operation-input.ts';
import type { Caller } from '../front/service.ts';
import { createQueue } from './create-queue.ts';
import { invalidParameter } from './errors.ts';
import {
  authorisedQueue,
  queueUrl,
  requireQueue,
  requireQueueAccess,
  type SqsContext,
  type SqsOperation,
} from './operation.ts';
import { checkAttributes, withoutEmpty } from './queue-attributes.ts';
import { type Queue, queueArn } from './queue.ts';
import { checkRedriveTarget } from './redrive.ts';

const strings = z.record(z.string(), z.string());
const SCHEMAS = {
  create: z.strictObject({
    QueueName: z.string(),
    Attributes: strings.default({}),
    tags: strings.default({}),
  }),
  url: z.strictObject({ QueueUrl: z.string() }),
  getUrl: z.strictObject({ QueueName: z.string(), QueueOwnerAWSAccountId: z.string().optional() }),
  list: z.strictObject({
    QueueNamePrefix: z.string().default(''),
    MaxResults: z.int().min(1).max(1000).optional(),
    NextToken: z.string().optional(),
  }),
  get: z.strictObject({ QueueUrl: z.string(), AttributeNames: z.array(z.string()).default([]) }),
  set: z.strictObject({ QueueUrl: z.string(), Attributes: strings }),
  tag: z.strictObject({ QueueUrl: z.string(), Tags: strings }),
  untag: z.strictObject({ QueueUrl: z.string(), TagKeys: z.array(z.string()) }),
};

export const QUEUE_OPERATIONS: Readonly<Record<string, SqsOperation>> = {
  CreateQueue(context, input, caller) {
    const { QueueName: name, Attributes, tags } = readInput(SCHEMAS.create, input, invalidParameter);
    const queue = createQueue(context, { name, attributes: Attributes, tags }, caller);
    return { QueueUrl: queueUrl(context, queue) };
  },
  GetQueueUrl(context, input, caller) {
    const { QueueName, QueueOwnerAWSAccountId } = readInput(SCHEMAS.getUrl, input, invalidParameter);
    const accountId = QueueOwnerAWSAccountId ?? caller.principal.accountId;
    const queue = requireQueue(context, queueArn(caller.region, accountId, QueueName));
    requireQueueAccess(context, queue, { action: 'GetQueueUrl', caller });
    return { QueueUrl: queueUrl(context, queue) };
  },
  ListQueues: listQueues,
  GetQueueAttributes(context, input, caller) {
    const { QueueUrl, AttributeNames } = readInput(SCHEMAS.get, input, invalidParameter);
    const queue = authorisedQueue(context, QueueUrl, { action: 'GetQueueAttributes', caller });
    const wanted = wantedAttributes(context, queue, AttributeNames);
    return Object.keys(wanted).length === 0 ? {} : { Attributes: wanted };
  },
  SetQueueAttributes(context, input, caller) {
    const { QueueUrl, Attributes } = readInput(SCHEMAS.set, input, invalidParameter);
    const queue = authorisedQueue(context, QueueUrl, { action: 'SetQueueAttributes', caller });
    checkAttributes(Attributes);
    checkRedriveTarget(context.store, queue.arn, Attributes);
    const attributes = withoutEmpty({ ...queue.attributes, ...Attributes });
    context.store.putQueue({ ...queue, attributes, modifiedMs: context.clock.now() });
    return {};
  },
  DeleteQueue(context, input, caller) {
    const { QueueUrl } = readInput(SCHEMAS.url, input, invalidParameter);
    const { arn } = authorisedQueue(context, QueueUrl, { action: 'DeleteQueue', caller });
    context.store.deleteQueue(arn);
    return {};
  },
  PurgeQueue(context, input, caller) {
    const { QueueUrl } = readInput(SCHEMAS.url, input, invalidParameter);
    context.store.purge(authorisedQueue(context, QueueUrl, { action: 'PurgeQueue', caller }).arn);
    return {};
  },
  TagQueue(context, input, caller) {
    const { QueueUrl, Tags } = readInput(SCHEMAS.tag, input, invalidParameter);
    const queue = authorisedQueue(context, QueueUrl, { action: 'TagQueue', caller });
    context.store.putQueue({ ...queue, tags: { ...queue.tags, ...Tags } });
    return {};
  },
  UntagQueue(context, input, caller) {
    const { QueueUrl, TagKeys } = readInput(SCHEMAS.untag, input, invalidParameter);
    const queue = authorisedQueue(context, QueueUrl, { action: 'UntagQueue', caller });
    const kept = Object.entries(queue.tags).filter(([key]) => !TagKeys.includes(key));
    context.store.putQueue({ ...queue, tags: Object.fromEntries(kept) });
    return {};
  },
  ListQueueTags(context, input, caller) {
    const { QueueUrl } = readInput(SCHEMAS.url, input, invalidParameter);
    return { Tags: authorisedQueue(context, QueueUrl, { action: 'ListQueueTags', caller }).tags };
  },
};

function listQueues(context: SqsContext, input: Readonly<Record<string, unknown>>, caller: Caller): object {
  const { QueueNamePrefix, MaxResults, NextToken } = readInput(SCHEMAS.list, input, invalidParameter);
  const { accountId } = caller.principal;
  const anyArn = queueArn(caller.region, accountId, '*');
  requireQueueAccess(context, { arn: anyArn, accountId, attributes: {} }, { action: 'ListQueues', caller });
  const queues = context.store
    .queues()
    .filter((queue) => queue.accountId === accountId && queue.region === caller.region)
    .filter(({ name }) => name.startsWith(QueueNamePrefix) && (NextToken === undefined || name > NextToken));
  const page = queues.slice(0, MaxResults ?? 1000);
  const more = MaxResults !== undefined && queues.length > page.length;
  return {
    QueueUrls: page.map((queue) => queueUrl(context, queue)),
    ...(more && { NextToken: page.at(-1)?.name }),
  };
}

function wantedAttributes(
  { store, clock }: SqsContext,
  queue: Queue,
  names: readonly string[],
): Record<string, string> {
  const counts = store.counts(queue.arn, clock.now());
  const all: Record<string, string> = {
    ...queue.attributes,
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(counts.visible),
    ApproximateNumberOfMessagesDelayed: String(counts.delayed),
    ApproximateNumberOfMessagesNotVisible: String(counts.inFlight),
    CreatedTimestamp: String(Math.floor(queue.createdMs / 1000)),
    LastModifiedTimestamp: String(Math.floor(queue.modifiedMs / 1000)),
  };
  if (names.includes('All')) return all;
  return Object.fromEntries(names.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])));
}
