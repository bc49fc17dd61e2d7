/** SQS, DynamoDB and EventBridge behind the front on a free port, without functions: what their tests talk to. */
import { createClock, type LocalClock } from '../../local/front/clock.ts';
import { createDeliver } from '../../local/deliver.ts';
import { createDynamoDb, type DynamoDb } from '../../local/dynamodb/service.ts';
import { createEventBridge, type EventBridge } from '../../local/eventbridge/service.ts';
import { createFaults } from '../../local/front/faults.ts';
import { type Endpoint, startFront } from '../../local/front/front.ts';
import { createAuthorizer } from '../../local/iam/evaluate.ts';
import { createRoles, type Roles } from '../../local/iam/roles.ts';
import type { Caller } from '../../local/front/service.ts';
import { createSqs, type Sqs } from '../../local/sqs/service.ts';
import { createTimings } from '../../local/front/timings.ts';

export const ISV = '000000000000';
const REGION = 'us-east-1';

export interface Services {
  readonly endpoint: string;
  readonly clock: LocalClock;
  readonly roles: Roles;
  readonly front: Endpoint;
  readonly events: EventBridge;
  readonly dynamodb: DynamoDb;
  readonly sqs: Sqs;
  /** Failures of the local AWS itself. */
  readonly crashes: unknown[];
  /** Sessions the faults had killed. */
  readonly killed: string[];
  /** Targets that EventBridge could not reach. */
  readonly undelivered: string[];
  close(): Promise<void>;
}

export interface ClientConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  readonly maxAttempts: number;
}

export async function startServices(dataDir?: string): Promise<Services> {
  const [crashes, killed, undelivered]: [unknown[], string[], string[]] = [[], [], []];
  const clock = createClock();
  const faults = createFaults(clock);
  const timings = createTimings();
  const roles = createRoles();
  const authorizer = createAuthorizer(roles);
  const front = await startFront({
    port: 0,
    clock,
    faults,
    timings,
    kill: (session) => void killed.push(session),
    onCrash: (error) => void crashes.push(error),
  });
  const shared = { dataDir, clock, authorizer };
  const sqs = createSqs({ ...shared, endpoint: front.endpoint });
  const dynamodb = createDynamoDb({ ...shared, onCrash: (error) => void crashes.push(error) });
  const deliver = createDeliver({ sqs, lambda: () => undefined });
  const onUndelivered = (arn: string): void => void undelivered.push(arn);
  const events = createEventBridge({ ...shared, deliver, onUndelivered });
  for (const [name, service] of Object.entries({ sqs, dynamodb, events })) front.mountJson(name, service);
  const kms = { setPropagationDelay: () => undefined, calls: () => [], clearCalls: () => undefined };
  const setDelivery = events.setDelivery.bind(events);
  const unseen = { decisions: () => [], sandboxes: () => [] };
  front.mountControl({ faults, timings, clock, roles, kms, setDelivery, ...unseen });
  const close = async (): Promise<void> => {
    await front.close();
    await events.close();
    sqs.close();
    await dynamodb.close();
  };
  return {
    endpoint: front.endpoint,
    clock,
    roles,
    front,
    events,
    dynamodb,
    sqs,
    crashes,
    killed,
    undelivered,
    close,
  };
}

/** A client's configuration as an account's root, or as a role: `123456789012.role-name`. One attempt by default. */
export function clientConfig(
  { endpoint }: { readonly endpoint: string },
  accessKeyId: string = ISV,
  sessionToken?: string,
): ClientConfig {
  const credentials = { accessKeyId, secretAccessKey: 'local', sessionToken };
  return { endpoint, region: REGION, credentials, maxAttempts: 1 };
}

/** The account's root, for calls that do not go over HTTP. */
export function rootCaller(signal?: AbortSignal): Caller {
  const principal = { accountId: ISV, arn: `arn:aws:iam::${ISV}:root` };
  return { principal, region: REGION, requestId: 'test', userAgent: 'test', signal };
}

/** Calls a control endpoint. */
export async function control(
  { endpoint }: { readonly endpoint: string },
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  input?: object,
): Promise<unknown> {
  const response = await fetch(`${endpoint}/_local/${path}`, {
    method,
    ...(input !== undefined && { body: JSON.stringify(input) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}
