/**
 * Deploys the stack into the local AWS as CloudFormation would. It creates every resource over HTTP as the root of
 * the account, in the order of their references. Roles, functions and their event sources exist only inside the
 * local AWS, so it creates them there. Deploying over existing data finds the resources there and keeps them.
 */
import { fileURLToPath } from 'node:url';
import type { LocalClock } from '../front/clock.ts';
import type { Authorizer } from '../iam/authorizer.ts';
import { createAuthorizer } from '../iam/evaluate.ts';
import type { Roles } from '../iam/roles.ts';
import type { FunctionLine } from '../lambda/function-log.ts';
import type { Lambda } from '../lambda/service.ts';
import { type CreatedStack, createResources } from './create-resources.ts';
import { type PackagedStack, packageStack } from './package.ts';
import { startFunctions } from './start-functions.ts';

export interface DeployOptions {
  readonly endpoint: string;
  readonly clock: LocalClock;
  readonly accountId: string;
  readonly region: string;
  /** Receives the policies of the stack's roles. */
  readonly roles: Roles;
  readonly sandboxesPerFunction: number;
  /** False when queues and schedules invoke nothing. Default true. */
  readonly eventSources?: boolean;
  readonly onLog: (line: FunctionLine) => void;
  /** Decides who may invoke functions. Default: by the policies in `roles`. */
  readonly authorizer?: Authorizer;
  /**
   * Milliseconds before the retries of an asynchronous invocation. Default 1,000 and 2,000; AWS waits one and two
   * minutes.
   */
  readonly asyncRetryDelaysMs?: readonly [number, number];
  /** The folder of serverless.yml. Default: this project's. */
  readonly projectFolder?: string;
}

export interface Deployment {
  readonly lambda: Lambda;
  readonly outputs: Readonly<Record<string, string>>;
  /** Stops event sources and schedules, waits up to 5 seconds for running invocations, then kills the sandboxes. */
  close(): Promise<void>;
}

/**
 * Packages and deploys the stack.
 * @throws StackError for what the local AWS cannot do, or the error that a service answered
 */
export async function deployStack(options: DeployOptions): Promise<Deployment> {
  const projectFolder = options.projectFolder ?? fileURLToPath(new URL('../..', import.meta.url));
  return await deployPackage(await packageStack({ projectFolder, region: options.region }), options);
}

/**
 * Deploys a stack that is already packaged.
 * @throws StackError for what the local AWS cannot do, or the error that a service answered
 */
export async function deployPackage(stack: PackagedStack, options: DeployOptions): Promise<Deployment> {
  const created: CreatedStack = await createResources(stack, options);
  const authorizer = options.authorizer ?? createAuthorizer(options.roles);
  const running = startFunctions(created, { ...options, authorizer });
  return { ...running, outputs: created.outputs };
}
