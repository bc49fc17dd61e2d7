/** The AWS on a laptop: every service in one process behind one endpoint, and the stack of serverless.yml deployed. */
import { join } from 'node:path';
import { createClock } from '../local/front/clock.ts';
import { openDataFolder, openTemporaryFolder } from '../local/data-folder.ts';
import { createDecisionLog } from '../local/iam/decision-log.ts';
import { createFaults } from '../local/front/faults.ts';
import { startFront } from '../local/front/front.ts';
import { type FunctionLine, openFunctionLog } from '../local/lambda/function-log.ts';
import { createAuthorizer } from '../local/iam/evaluate.ts';
import { createRoles } from '../local/iam/roles.ts';
import { openServices } from '../local/open-services.ts';
import { ISV_ACCOUNT, REGION } from './names.ts';
import { seedSample } from './seed-sample.ts';
import { seed, type SeededTenant } from './seed.ts';
import { createTimings } from '../local/front/timings.ts';
import { type Deployment, type DeployOptions, deployStack } from '../local/stack/deploy.ts';

export interface LocalOptions {
  /** Default 4566; 0 takes any free port. */
  readonly port?: number;
  /** Where everything rests, closed to other users. Unset: a temporary folder, removed at the end. */
  readonly dataDir?: string;
  /** Default 2. */
  readonly sandboxesPerFunction?: number;
  /** False: the bare services, without the stack, its functions and the tenants. Default true. */
  readonly deploy?: boolean;
  /** True: no queue or schedule invokes a function, and a first object waits to be taken through by hand. */
  readonly stepByStep?: boolean;
  /** True: S3 takes only what is signed with the secret `local`. Default false: any secret will do. */
  readonly verifySignatures?: boolean;
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

type Where = Pick<LocalAws, 'endpoint' | 'accountId' | 'region'>;

/** Rejects with Node's EADDRINUSE when the port is taken, and with StackError for what it can't deploy. */
export async function startLocal(options: LocalOptions = {}): Promise<LocalAws> {
  await using opened = new AsyncDisposableStack();
  const onCrash = options.onCrash ?? ((error) => console.error(error));
  const clock = createClock();
  const faults = createFaults(clock);
  const timings = createTimings();
  const roles = createRoles();
  const decisions = createDecisionLog();
  const authorizer = createAuthorizer(roles, (request, decision) => decisions.record(request, decision));
  let deployment: Deployment | undefined;

  const kill = (session: string): void => deployment?.lambda.kill(session);
  const lambda = (): Deployment['lambda'] | undefined => deployment?.lambda;
  // The port comes first: where it is taken, nothing else is touched.
  const front = await startFront({ port: options.port ?? 4566, clock, faults, timings, kill, onCrash });
  opened.defer(async () => front.close());
  const dataDir = await openDataDir(options.dataDir, opened);
  const verifySignatures = options.verifySignatures ?? false;
  const isTemporary = options.dataDir === undefined;
  const context = { opened, front, dataDir, clock, authorizer, lambda, onCrash, verifySignatures };
  const services = await openServices({ ...context, isTemporary });
  // Closed before the services, so that no request finds them gone.
  opened.defer(async () => front.close());
  front.mountControl({
    faults,
    timings,
    clock,
    roles,
    decisions: () => decisions.entries(),
    sandboxes: () => deployment?.lambda.sandboxes() ?? [],
    setDelivery: (mode) => services.events.setDelivery(mode),
    kms: services.kms,
  });

  const where = { endpoint: front.endpoint, accountId: ISV_ACCOUNT, region: REGION };
  if (options.deploy !== false) {
    const onLog = options.onLog ?? openLog(dataDir, opened);
    const sandboxesPerFunction = options.sandboxesPerFunction ?? 2;
    const eventSources = options.stepByStep !== true;
    deployment = await deploy(
      { ...where, clock, roles, authorizer, sandboxesPerFunction, eventSources, onLog },
      opened,
    );
    front.mountHttp('lambda', deployment.lambda);
  }
  const tenants = deployment === undefined ? [] : await seed(front.endpoint, roles);
  if (options.stepByStep === true) await seedSample(front.endpoint);
  const outputs = deployment?.outputs ?? {};
  const environment = environmentOf(where);
  const running = opened.move();
  return { ...where, dataDir, outputs, tenants, environment, close: async () => running.disposeAsync() };
}

async function deploy(options: DeployOptions, opened: AsyncDisposableStack): Promise<Deployment> {
  const deployment = await deployStack(options);
  opened.defer(async () => deployment.close());
  return deployment;
}

function openLog(dataDir: string, opened: AsyncDisposableStack): (line: FunctionLine) => void {
  const log = openFunctionLog(join(dataDir, 'functions.log'));
  opened.defer(async () => log.close());
  return log.write;
}

async function openDataDir(dataDir: string | undefined, opened: AsyncDisposableStack): Promise<string> {
  if (dataDir === undefined) return await openTemporaryFolder(opened);
  await openDataFolder(dataDir);
  return dataDir;
}

function environmentOf({ endpoint, accountId, region }: Where): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accountId,
    AWS_SECRET_ACCESS_KEY: 'local',
  };
}
