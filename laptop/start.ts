/** The AWS on a laptop: every service in one process behind one endpoint, and the stack of serverless.yml deployed. */
import { type AwsOptions, startAws } from '../local/start.ts';
import type { FunctionLine } from '../local/lambda/function-log.ts';
import { ISV_ACCOUNT, REGION } from './names.ts';
import { seedSample } from './seed-sample.ts';
import { seed, type SeededTenant } from './seed.ts';

export interface LocalOptions extends Pick<AwsOptions, 'dataDir' | 'verifySignatures' | 'onCrash'> {
  /** Default 4566; 0 takes any free port. */
  readonly port?: number;
  /** Default 2. */
  readonly sandboxesPerFunction?: number;
  /** False: the bare services, without the stack, its functions and the tenants. Default true. */
  readonly deploy?: boolean;
  /** True: no queue or schedule invokes a function, and a first object waits to be taken through by hand. */
  readonly stepByStep?: boolean;
  /** The receiver of the functions' lines. Default: `functions.log` in the data folder. */
  readonly onLog?: (line: FunctionLine) => void;
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
  /** The variables that a client exports to reach it as the ISV. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends everything, the last started first. */
  close(): Promise<void>;
}

type Where = Pick<LocalAws, 'endpoint' | 'accountId' | 'region'>;

/** Rejects with Node's EADDRINUSE when the port is taken, and with StackError for what it can't deploy. */
export async function startLocal(options: LocalOptions = {}): Promise<LocalAws> {
  const { port = 4566, sandboxesPerFunction = 2, deploy = true, stepByStep = false, onLog } = options;
  await using opened = new AsyncDisposableStack();
  const aws = await startAws({ ...options, port });
  opened.defer(async () => aws.close());
  const where = { endpoint: aws.endpoint, accountId: ISV_ACCOUNT, region: REGION };
  const stack = { ...where, sandboxesPerFunction, eventSources: !stepByStep, onLog };
  const outputs = deploy ? await aws.deploy(stack) : {};
  const tenants = deploy ? await seed(aws.endpoint, aws.roles) : [];
  if (stepByStep) await seedSample(aws.endpoint);
  const environment = environmentOf(where);
  const running = opened.move();
  return {
    ...where,
    dataDir: aws.dataDir,
    outputs,
    tenants,
    environment,
    close: async () => running.disposeAsync(),
  };
}

function environmentOf({ endpoint, accountId, region }: Where): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accountId,
    AWS_SECRET_ACCESS_KEY: 'local',
  };
}
