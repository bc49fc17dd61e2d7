/** The AWS on a laptop: every service in one process behind one endpoint, and the stack of serverless.yml deployed. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClock } from './clock.ts';
import type { LocalClock } from './clock.ts';
import { createDecisionLog } from './decision-log.ts';
import { createDeliver } from './deliver.ts';
import { createDynamoDb } from './dynamodb/service.ts';
import { createEventBridge } from './eventbridge/service.ts';
import { createFaults } from './faults.ts';
import { startFront } from './front.ts';
import type { Front } from './front.ts';
import { openFunctionLog } from './function-log.ts';
import type { FunctionLine } from './function-log.ts';
import type { Authorizer } from './iam/authorizer.ts';
import { createAuthorizer } from './iam/evaluate.ts';
import { createRoles } from './iam/roles.ts';
import { createKms } from './kms/service.ts';
import type { Kms } from './kms/service.ts';
import { createS3 } from './s3/service.ts';
import { seed } from './seed.ts';
import type { SeededTenant } from './seed.ts';
import { createSqs } from './sqs/service.ts';
import { deployStack } from './stack/deploy.ts';
import type { Deployment } from './stack/deploy.ts';

export interface LocalOptions {
  /** Default 4566; 0 takes any free port. */
  readonly port?: number;
  /** Where everything rests. Unset: a temporary folder, removed at the end. */
  readonly dataDir?: string;
  /** Default 2. */
  readonly sandboxesPerFunction?: number;
  /** False: the bare services, without the stack, its functions and the tenants. Default true. */
  readonly deploy?: boolean;
  /** Where the functions' lines go. Default: `functions.log` in the data folder. */
  readonly onLog?: (line: FunctionLine) => void;
  /** Told of failures of the local AWS itself. Default: a line on stderr. */
  readonly onCrash?: (error: unknown) => void;
}

export interface LocalAws {
  /** `http://127.0.0.1:4566` */
  readonly endpoint: string;
  /** The ISV's account. */
  readonly accountId: string;
  readonly region: string;
  readonly dataDir: string;
  /** Outputs of the stack; none without it. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly tenants: readonly SeededTenant[];
  /** What a client exports to reach it as the ISV. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends everything, the last started first. */
  close(): Promise<void>;
}

const ACCOUNT_ID = '000000000000';
const REGION = 'us-east-1';
/** The names serverless.yml gives at stage `local`. */
const STACK = {
  stateTable: 'sealstream-local-state',
  encryptRole: 'sealstream-local-encrypt',
  restoreRole: 'sealstream-local-restore',
};
/** How often KMS looks for what has become due. */
const KMS_TICK_MS = 1000;

/** Rejects with Node's EADDRINUSE when the port is taken, and with StackError for what it can't deploy. */
export async function startLocal(options: LocalOptions = {}): Promise<LocalAws> {
  await using opened = new AsyncDisposableStack();
  const onCrash = options.onCrash ?? ((error) => console.error(error));
  const clock = createClock();
  const faults = createFaults(clock);
  const roles = createRoles();
  const decisions = createDecisionLog();
  const authorizer = createAuthorizer(roles, (request, decision) => decisions.record(request, decision));
  let deployment: Deployment | undefined;

  const kill = (session: string): void => deployment?.lambda.kill(session);
  const front = await startFront({ port: options.port ?? 4566, faults, kill, onCrash });
  const dataDir = await openDataDir(options.dataDir, opened);
  const lambda = (): Deployment['lambda'] | undefined => deployment?.lambda;
  const services = await openServices({ opened, front, dataDir, clock, authorizer, lambda, onCrash });
  opened.defer(async () => front.close());
  front.mountControl({
    faults,
    clock,
    decisions: () => decisions.entries(),
    sandboxes: () => deployment?.lambda.sandboxes() ?? [],
    setDelivery: (mode) => services.events.setDelivery(mode),
    kms: services.kms,
  });

  const where = { endpoint: front.endpoint, accountId: ACCOUNT_ID, region: REGION };
  if (options.deploy !== false) {
    const log = openFunctionLog(join(dataDir, 'functions.log'));
    opened.defer(async () => log.close());
    const sandboxesPerFunction = options.sandboxesPerFunction ?? 2;
    const onLog = options.onLog ?? log.write;
    const deployed = await deployStack({ ...where, roles, authorizer, sandboxesPerFunction, onLog });
    deployment = deployed;
    opened.defer(async () => deployed.close());
    front.mountHttp('lambda', deployed.lambda);
  }
  const tenants = deployment === undefined ? [] : await seed({ ...where, ...STACK });
  const outputs = deployment?.outputs ?? {};
  const running = opened.move();
  const environment = environmentOf(where);
  return { ...where, dataDir, outputs, tenants, environment, close: async () => running.disposeAsync() };
}

interface ServicesOptions {
  readonly opened: AsyncDisposableStack;
  readonly front: Front;
  readonly dataDir: string;
  readonly clock: LocalClock;
  readonly authorizer: Authorizer;
  readonly lambda: () => Deployment['lambda'] | undefined;
  readonly onCrash: (error: unknown) => void;
}

async function openServices(options: ServicesOptions): Promise<{
  readonly kms: Kms;
  readonly events: ReturnType<typeof createEventBridge>;
}> {
  const { opened, front, dataDir, clock, authorizer, lambda, onCrash } = options;
  const shared = { dataDir, clock, authorizer };
  const sqs = createSqs({ ...shared, endpoint: front.endpoint });
  opened.defer(() => sqs.close());
  const deliver = createDeliver({ sqs, lambda });
  const events = createEventBridge({ ...shared, deliver, onUndelivered: (_arn, error) => onCrash(error) });
  const kms = await createKms({ ...shared, publish: async (event) => events.publish(event) });
  opened.defer(async () => kms.close());
  opened.defer(async () => events.close());
  opened.defer(tickKms(kms, clock, onCrash));
  const s3 = await createS3({ ...shared, deliver });
  opened.defer(async () => s3.close());
  const dynamodb = createDynamoDb(shared);
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

async function openDataDir(dataDir: string | undefined, opened: AsyncDisposableStack): Promise<string> {
  if (dataDir !== undefined) {
    await mkdir(dataDir, { recursive: true });
    return dataDir;
  }
  const temporary = await mkdtemp(join(tmpdir(), 'sealstream-'));
  opened.defer(async () => rm(temporary, { recursive: true, force: true }));
  return temporary;
}

function environmentOf({
  endpoint,
  accountId,
  region,
}: {
  endpoint: string;
  accountId: string;
  region: string;
}) {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accountId,
    AWS_SECRET_ACCESS_KEY: 'local',
  };
}
