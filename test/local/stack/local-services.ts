/** A front with SQS, DynamoDB and EventBridge on a free port, for stacks to be deployed into. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClock, type LocalClock } from '../../../local/front/clock.ts';
import { createDeliver } from '../../../local/deliver.ts';
import { createDynamoDb } from '../../../local/dynamodb/service.ts';
import { createEventBridge } from '../../../local/eventbridge/service.ts';
import { createFaults } from '../../../local/front/faults.ts';
import { startFront } from '../../../local/front/front.ts';
import { createAuthorizer } from '../../../local/iam/evaluate.ts';
import { createRoles, type Roles } from '../../../local/iam/roles.ts';
import { createSqs } from '../../../local/sqs/service.ts';
import type { Deployment } from '../../../local/stack/deploy.ts';
import { createTimings } from '../../../local/front/timings.ts';

export interface LocalServices {
  readonly endpoint: string;
  readonly clock: LocalClock;
  readonly roles: Roles;
  /** Makes the functions of a deployment reachable, for events and over HTTP. */
  serve(deployment: Deployment): void;
  close(): Promise<void>;
}

export async function startLocalServices(): Promise<LocalServices> {
  const clock = createClock();
  const roles = createRoles();
  const authorizer = createAuthorizer(roles);
  const dataDir = await mkdtemp(path.join(tmpdir(), 'local-services-'));
  const failures: unknown[] = [];
  const front = await startFront({
    port: 0,
    clock,
    faults: createFaults(clock),
    timings: createTimings(),
    kill: () => undefined,
    onCrash: (error) => void failures.push(error),
  });
  let served: Deployment | undefined;
  const shared = { dataDir, clock, authorizer };
  const sqs = createSqs({ ...shared, endpoint: front.endpoint });
  const deliver = createDeliver({ sqs, lambda: () => served?.lambda });
  const events = createEventBridge({
    ...shared,
    deliver,
    onUndelivered: (_, error) => void failures.push(error),
  });
  const dynamodb = createDynamoDb(shared);
  for (const [name, service] of Object.entries({ sqs, events, dynamodb })) front.mountJson(name, service);
  return {
    endpoint: front.endpoint,
    clock,
    roles,
    serve(deployment) {
      served = deployment;
      front.mountHttp('lambda', deployment.lambda);
    },
    async close() {
      await front.close();
      await dynamodb.close();
      await events.close();
      sqs.close();
      await rm(dataDir, { recursive: true, force: true });
      if (failures.length > 0) throw new AggregateError(failures, 'the local services failed');
    },
  };
}
