/** Opens every service but Lambda, wired to each other, and mounts them on the endpoint. */
import type { LocalClock } from './front/clock.ts';
import { createDeliver, type Receivers } from './deliver.ts';
import { createDynamoDb } from './dynamodb/service.ts';
import { createEventBridge, type EventBridge } from './eventbridge/service.ts';
import type { Endpoint } from './front/front.ts';
import type { Authorizer } from './iam/authorizer.ts';
import { createKms, type Kms } from './kms/service.ts';
import { createS3 } from './s3/service.ts';
import { createSqs } from './sqs/service.ts';

export interface ServicesOptions {
  /** Gets what has to be closed. */
  readonly opened: AsyncDisposableStack;
  readonly front: Endpoint;
  readonly dataDir: string;
  readonly clock: LocalClock;
  readonly authorizer: Authorizer;
  /** The functions, once there are any. */
  readonly lambda: Receivers['lambda'];
  readonly onCrash: (error: unknown) => void;
  readonly verifySignatures: boolean;
  /** Whether `dataDir` is removed at the end: what is written a little at a time then needs no file. */
  readonly isTemporary: boolean;
}

export interface OpenServices {
  readonly kms: Kms;
  readonly events: EventBridge;
}

/** How often KMS looks for what has become due. */
const KMS_TICK_MS = 1000;

export async function openServices(options: ServicesOptions): Promise<OpenServices> {
  const { opened, front, dataDir, clock, authorizer, lambda, onCrash, verifySignatures, isTemporary } =
    options;
  const shared = { dataDir, clock, authorizer };
  const sqs = createSqs({ ...shared, endpoint: front.endpoint });
  opened.defer(() => sqs.close());
  const deliver = createDeliver({ sqs, lambda });
  const events = createEventBridge({ ...shared, deliver, onUndelivered: (_arn, error) => onCrash(error) });
  const kms = await createKms({ ...shared, publish: async (event) => events.publish(event) });
  opened.defer(async () => kms.close());
  opened.defer(async () => events.close());
  opened.defer(tickKms(kms, clock, onCrash));
  const s3 = await createS3({ ...shared, deliver, verifySignatures });
  opened.defer(async () => s3.close());
  const dynamodb = createDynamoDb({ ...shared, dataDir: isTemporary ? undefined : dataDir, onCrash });
  opened.defer(async () => dynamodb.close());
  front.mountHttp('s3', s3);
  for (const [name, service] of Object.entries({ kms, sqs, dynamodb, events }))
    front.mountJson(name, service);
  return { kms, events };
}

/** Keeps KMS's time-driven changes coming while nobody calls it. Answers how to stop. */
function tickKms(kms: Kms, clock: LocalClock, onCrash: (error: unknown) => void): () => void {
  const timer = setInterval(() => void kms.tick().catch(onCrash), KMS_TICK_MS).unref();
  const unsubscribe = clock.onAdvance(async () => kms.tick());
  return () => {
    clearInterval(timer);
    unsubscribe();
  };
}
