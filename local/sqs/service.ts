/**
 * The local SQS with standard queues: visibility, long polls, redrive, batches, fair turns for message groups. FIFO
 * queues, queue encryption by KMS and move tasks are not implemented.
 */
import { join } from 'node:path';
import type { LocalClock } from '../front/clock.ts';
import type { Authorizer } from '../iam/authorizer.ts';
import { notImplemented } from '../front/operation-input.ts';
import type { JsonService, Sender } from '../front/service.ts';
import { IN_MEMORY } from '../sqlite/database.ts';
import { createFairness } from './fairness.ts';
import { createLongPolls } from './long-poll.ts';
import { MESSAGE_OPERATIONS, sendTo } from './message-operations.ts';
import { requireQueue, requireSenderAccess, type SqsContext, type SqsOperation } from './operation.ts';
import { QUEUE_OPERATIONS } from './queue-operations.ts';
import { openSqsStore } from './store.ts';

export interface SqsOptions {
  /** Default: nothing outlives the process. */
  readonly dataDir?: string;
  /** `http://127.0.0.1:4566`, the host of every QueueUrl. */
  readonly endpoint: string;
  readonly clock: LocalClock;
  readonly authorizer: Authorizer;
}

export interface Sqs extends JsonService {
  /**
   * Puts a message in the name of another service.
   * @throws QueueDoesNotExist or AccessDeniedException
   */
  deliver(queueArn: string, body: string, sender?: Sender): void;
  close(): void;
}

const OPERATIONS: Readonly<Record<string, SqsOperation>> = { ...QUEUE_OPERATIONS, ...MESSAGE_OPERATIONS };

export function createSqs({ dataDir, endpoint, clock, authorizer }: SqsOptions): Sqs {
  const store = openSqsStore(dataDir === undefined ? IN_MEMORY : join(dataDir, 'sqs.db'));
  const polls = createLongPolls();
  const unsubscribe = clock.onAdvance(() => polls.wakeAll());
  let closed = false;
  const fairness = createFairness();
  const context: SqsContext = { store, fairness, polls, clock, authorizer, endpoint, closing: () => closed };
  return {
    async call(operation, input, caller) {
      const run = OPERATIONS[operation];
      if (run === undefined) throw notImplemented(`SQS ${operation}`);
      return run(context, input, caller);
    },
    deliver(queueArn, body, sender) {
      const queue = requireQueue(context, queueArn);
      if (sender !== undefined) requireSenderAccess(context, queue, sender);
      sendTo(context, queue, body);
    },
    close() {
      closed = true;
      unsubscribe();
      polls.wakeAll();
      // The store closes after the receivers have seen that they wait for nothing any longer.
      setImmediate(() => store.close());
    },
  };
}
