/** The local AWS on a free port with a Lambda for fixture functions, for the tests of this folder. */
import { CreateQueueCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { LocalClock } from '../../../local/front/clock.ts';
import { createAuthorizer } from '../../../local/iam/evaluate.ts';
import type { Roles } from '../../../local/iam/roles.ts';
import type { LambdaFunction } from '../../../local/lambda/function.ts';
import type { SandboxPool } from '../../../local/lambda/pool.ts';
import { createLambda, type Lambda } from '../../../local/lambda/service.ts';
import { startAws } from '../../../local/start.ts';
import { fixtureFunction } from './fixture-function.ts';

export const accountId = '000000000000';
export const region = 'us-east-1';
export const fixtureRoleArn: string = `arn:aws:iam::${accountId}:role/fixture-role`;

export interface LocalLambda {
  readonly endpoint: string;
  readonly clock: LocalClock;
  readonly lambda: Lambda;
  readonly roles: Roles;
  readonly sqs: SQSClient;
  /** Creates a Lambda client of `000000000000` (root) or `000000000000.role-name`. */
  client(accessKeyId?: string): LambdaClient;
  /** The log lines of all functions, sandboxes and event sources. */
  readonly lines: readonly string[];
  /** Adds a line. */
  readonly log: (line: string) => void;
  /** Adds a function whose CommonJS module is `source`. */
  add(source: string, overrides?: Partial<LambdaFunction>): Promise<SandboxPool>;
  createQueue(name: string, attributes?: Record<string, string>): Promise<{ url: string; arn: string }>;
  /** Receives one message, with its attributes, within 20 seconds. */
  receive(queueUrl: string): Promise<Message | undefined>;
  /** Runs `dispose` before the server closes. */
  onClose(dispose: () => Promise<void>): void;
  close(): Promise<void>;
}

/** Starts a local Lambda. The fixture role may do anything with SQS. */
export async function startLocalLambda(): Promise<LocalLambda> {
  const lines: string[] = [];
  const aws = await startAws({ onCrash: (error) => void lines.push(`crash: ${String(error)}`) });
  const { endpoint, clock, roles } = aws;
  roles.put(fixtureRoleArn, [{ Statement: { Effect: 'Allow', Action: 'sqs:*', Resource: '*' } }]);
  const disposers: (() => Promise<void>)[] = [];
  const lambda = createLambda({
    endpoint,
    clock,
    accountId,
    region,
    authorizer: createAuthorizer(roles),
    sandboxesPerFunction: 1,
    onLog: ({ line }) => void lines.push(line),
    asyncRetryDelaysMs: [10, 20],
  });
  aws.front.mountHttp('lambda', lambda);
  const credentials = { accessKeyId: accountId, secretAccessKey: 'local' };
  const sqs = new SQSClient({ endpoint, region, credentials });
  return {
    endpoint,
    clock,
    lambda,
    roles,
    sqs,
    lines,
    log: (line) => void lines.push(line),
    client: (accessKeyId = accountId) =>
      new LambdaClient({ endpoint, region, credentials: { ...credentials, accessKeyId } }),
    async add(source, overrides = {}) {
      const fixture = await fixtureFunction(source, overrides);
      disposers.push(() => fixture.remove());
      return lambda.addFunction(fixture.fn).pool;
    },
    async createQueue(QueueName, Attributes) {
      const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
      return { url: QueueUrl, arn: `arn:aws:sqs:${region}:${accountId}:${QueueName}` };
    },
    async receive(QueueUrl) {
      const { Messages } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20, MessageAttributeNames: ['All'] }),
      );
      return Messages?.[0];
    },
    onClose: (dispose) => void disposers.unshift(dispose),
    async close() {
      // The sandboxes close first: their invocations end, and with them everything that waits for these.
      await Promise.all([lambda.close(0), ...disposers.map((dispose) => dispose())]);
      sqs.destroy();
      await aws.close();
    },
  };
}
