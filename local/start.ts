/**
 * Starts the local AWS: every service in one process behind one endpoint, connected to each other and to the
 * control API.
 */
import { join } from 'node:path';
import { createControl } from './control.ts';
import { openDataFolder, openTemporaryFolder } from './data-folder.ts';
import { createClock, type LocalClock } from './front/clock.ts';
import { createFaults } from './front/faults.ts';
import { type Endpoint, startFront } from './front/front.ts';
import { createTimings } from './front/timings.ts';
import { createDecisionLog } from './iam/decision-log.ts';
import { createAuthorizer } from './iam/evaluate.ts';
import { createRoles, type Roles } from './iam/roles.ts';
import { type FunctionLine, openFunctionLog } from './lambda/function-log.ts';
import type { Lambda } from './lambda/service.ts';
import { openServices, type OpenServices } from './open-services.ts';
import { type DeployOptions, deployStack } from './stack/deploy.ts';

export interface AwsOptions {
  /** Default 0, which takes any free port. */
  readonly port?: number;
  /** The folder of all data, closed to other users. Default: a temporary folder, removed at the end. */
  readonly dataDir?: string;
  /** True when S3 takes only requests signed with the secret `local`. Default false: it takes any secret. */
  readonly verifySignatures?: boolean;
  /** Called with failures of the local AWS itself. Default: writes a line on stderr. */
  readonly onCrash?: (error: unknown) => void;
  /**
   * Called with the target of an event that neither the target nor a dead-letter queue took. Default: calls
   * `onCrash`.
   */
  readonly onUndelivered?: (targetArn: string, error: unknown) => void;
}

/** The part of Lambda that the rest of the local AWS uses. */
export type Functions = Pick<Lambda, 'deliver' | 'kill' | 'sandboxes'>;

export interface StackOptions extends Pick<
  DeployOptions,
  'accountId' | 'region' | 'sandboxesPerFunction' | 'eventSources'
> {
  /** Takes the functions' lines. Default: writes them to `functions.log` in the data folder. */
  readonly onLog?: (line: FunctionLine) => void;
}

export interface RunningAws extends OpenServices {
  /** `http://127.0.0.1:4566` */
  readonly endpoint: string;
  readonly front: Endpoint;
  readonly dataDir: string;
  readonly clock: LocalClock;
  /** The roles of every account. A test or a seed may add roles. */
  readonly roles: Roles;
  /** Makes functions reachable for events, notifications, faults and the control API. */
  serve(functions: Functions): void;
  /**
   * Deploys this project's stack, serves its functions, and returns its outputs.
   * @throws StackError for what the local AWS cannot deploy, or the error that a service answered
   */
  deploy(options: StackOptions): Promise<Readonly<Record<string, string>>>;
  /** Ends everything, the last started first. */
  close(): Promise<void>;
}

/** @throws Node's EADDRINUSE when the port is taken, or an Error when the data folder is open to other users */
export async function startAws(options: AwsOptions = {}): Promise<RunningAws> {
  await using opened = new AsyncDisposableStack();
  const onCrash = options.onCrash ?? ((error) => console.error(error));
  const clock = createClock();
  const roles = createRoles();
  const decisions = createDecisionLog();
  const authorizer = createAuthorizer(roles, (request, decision) => decisions.record(request, decision));
  const watched = { clock, faults: createFaults(clock), timings: createTimings() };
  let functions: Functions | undefined;

  // The port comes first: when it is taken, nothing else is touched.
  const kill = (session: string): void => functions?.kill(session);
  const front = await startFront({ ...watched, port: options.port ?? 0, kill, onCrash });
  opened.defer(async () => front.close());
  const dataDir = await openDataDir(options.dataDir, opened);
  const services = await openServices({
    opened,
    front,
    dataDir,
    isTemporary: options.dataDir === undefined,
    clock,
    authorizer,
    functions: () => functions,
    verifySignatures: options.verifySignatures ?? false,
    onCrash,
    onUndelivered: options.onUndelivered ?? ((_arn, error) => onCrash(error)),
  });
  // The front closes before the services, so that no request finds them gone.
  opened.defer(async () => front.close());
  front.mountControl(
    createControl({
      ...watched,
      roles,
      decisions: () => decisions.entries(),
      sandboxes: () => functions?.sandboxes() ?? [],
      setDelivery: (mode) => services.events.setDelivery(mode),
      kms: services.kms,
    }),
  );

  const running = opened.move();
  const serve = (served: Functions): void => {
    functions = served;
  };
  return {
    ...services,
    endpoint: front.endpoint,
    front,
    dataDir,
    clock,
    roles,
    serve,
    async deploy({ onLog = openLog(dataDir, running), ...stack }) {
      const context = { endpoint: front.endpoint, clock, roles, authorizer };
      const deployment = await deployStack({ ...stack, ...context, onLog });
      running.defer(async () => deployment.close());
      serve(deployment.lambda);
      front.mountHttp('lambda', deployment.lambda);
      return deployment.outputs;
    },
    close: async () => running.disposeAsync(),
  };
}

async function openDataDir(dataDir: string | undefined, opened: AsyncDisposableStack): Promise<string> {
  if (dataDir === undefined) return await openTemporaryFolder(opened);
  await openDataFolder(dataDir);
  return dataDir;
}

function openLog(dataDir: string, opened: AsyncDisposableStack): (line: FunctionLine) => void {
  const log = openFunctionLog(join(dataDir, 'functions.log'));
  opened.defer(async () => log.close());
  return log.write;
}
