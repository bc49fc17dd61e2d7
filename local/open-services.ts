/** Opens every service but Lambda, wired to each other, and mounts them on the endpoint. */
import { createDeliver, type Receivers } from './deliver.ts';
import { createDynamoDb, type DynamoDb } from './dynamodb/service.ts';
import { createEventBridge, type EventBridge, type EventBridgeOptions } from './eventbridge/service.ts';
import type { LocalClock } from './front/clock.ts';
import type { Endpoint } from './front/front.ts';
import type { Authorizer } from './iam/authorizer.ts';
import { createKms, type Kms } from './kms/service.ts';
import { createS3 } from './s3/service.ts';
import { createSqs, type Sqs } from './sqs/service.ts';

export interface ServicesOptions {
  /** Receives everything that has to be closed. */
  readonly opened: AsyncDisposableStack;
  readonly front: Endpoint;
  readonly dataDir: string;
  /** True when `dataDir` is removed at the end. DynamoDB and SQS then keep everything in memory. */
  readonly isTemporary: boolean;
  readonly clock: LocalClock;
  readonly authorizer: Authorizer;
  readonly functions: Receivers['functions'];
  readonly verifySignatures: boolean;
  /** Called with failures of the local AWS itself. */
  readonly onCrash: (error: unknown) => void;
  readonly onUndelivered: EventBridgeOptions['onUndelivered'];
}

/** The services that tests and the control API use without HTTP. */
export interface OpenServices {
  readonly kms: Kms;
  readonly sqs: Sqs;
  readonly dynamodb: DynamoDb;
  readonly events: EventBridge;
}

/** The pause between two ticks of KMS. */
const KMS_TICK_MS = 1000;

export async function openServices(options: ServicesOptions): Promise<OpenServices> {
  const { opened, front, dataDir, isTemporary, clock, authorizer, functions, onCrash, onUndelivered } =
    options;
  const shared = { dataDir, clock, authorizer };
  // A store that stays in memory costs less than one in a file that is removed at the end.
  const inMemory = { ...shared, dataDir: isTemporary ? undefined : dataDir };
  const sqs = createSqs({ ...inMemory, endpoint: front.endpoint });
  opened.defer(() => sqs.close());
  const deliver = createDeliver({ sqs, functions });
  const events = createEventBridge({ ...shared, deliver, onUndelivered });
  const kms = await createKms({ ...shared, publish: async (event) => events.publish(event) });
  opened.defer(async () => kms.close());
  opened.defer(async () => events.close());
  opened.defer(tickKms(kms, clock, onCrash));
  const s3 = await createS3({ ...shared, isTemporary, deliver, verifySignatures: options.verifySignatures });
  opened.defer(async () => s3.close());
  const dynamodb = createDynamoDb({ ...inMemory, onCrash });
  opened.defer(async () => dynamodb.close());
  front.mountHttp('s3', s3);
  const services = { kms, sqs, dynamodb, events };
  for (const [name, service] of Object.entries(services)) front.mountJson(name, service);
  return services;
}

/** Makes KMS do what has become due while nobody calls it. Returns a function that stops this. */
function tickKms(kms: Kms, clock: LocalClock, onCrash: (error: unknown) => void): () => void {
  const timer = setInterval(() => void kms.tick().catch(onCrash), KMS_TICK_MS).unref();
  const unsubscribe = clock.onAdvance(async () => kms.tick());
  return () => {
    clearInterval(timer);
    unsubscribe();
  };
}
