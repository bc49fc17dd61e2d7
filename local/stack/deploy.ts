/**
 * Deploys the stack into the local AWS as CloudFormation would: every resource over HTTP as the root of the
 * account, in the order of their references, except for what only exists inside the local AWS (roles, functions,
 * their event sources). Deploying over existing data finds what is there and keeps it.
 */
import { fileURLToPath } from 'node:url';
import type { LocalClock } from '../front/clock.ts';
import type { Authorizer } from '../iam/authorizer.ts';
import { createAuthorizer } from '../iam/evaluate.ts';
import type { Roles } from '../iam/roles.ts';
import type { FunctionLine } from '../lambda/function-log.ts';
import type { Lambda } from '../lambda/service.ts';
import { createResources, type CreatedStack } from './create-resources.ts';
import { packageStack, type PackagedStack } from './package.ts';
import { startFunctions } from './start-functions.ts';

export interface DeployOptions {
  readonly endpoint: string;
  readonly clock: LocalClock;
  readonly accountId: string;
  readonly region: string;
  /** Gets the policies of the stack's roles. */
  readonly roles: Roles;
  readonly sandboxesPerFunction: number;
  /** False: queues and schedules invoke nothing. Default true. */
  readonly eventSources?: boolean;
  readonly onLog: (line: FunctionLine) => void;
  /** Who may invoke functions. Default: as `roles` say. */
  readonly authorizer?: Authorizer;
  /** Default 1,000 and 2,000, where AWS waits one and two minutes. */
  readonly asyncRetryDelaysMs?: readonly [number, number];
  /** The folder of serverless.yml. Default: this project's. */
  readonly projectFolder?: string;
}

export interface Deployment {
  readonly lambda: Lambda;
  readonly outputs: Readonly<Record<string, string>>;
  /** Stops event sources and schedules, waits some seconds for running invocations, then kills the sandboxes. */
  close(): Promise<void>;
}

/** Throws StackError for what the local AWS can't do, and whatever error a service answered. */
export async function deployStack(options: DeployOptions): Promise<Deployment> {
  const projectFolder = options.projectFolder ?? fileURLToPath(new URL('../..', import.meta.url));
  return await deployPackage(await packageStack({ projectFolder, region: options.region }), options);
}

/** The same for a stack that is already packaged. */
export async function deployPackage(stack: PackagedStack, options: DeployOptions): Promise<Deployment> {
  const created: CreatedStack = await createResources(stack, options);
  const authorizer = options.authorizer ?? createAuthorizer(options.roles);
  const running = startFunctions(created, { ...options, authorizer });
  return { ...running, outputs: created.outputs };
}
