/** The local AWS on a free port, without functions, for the tests of one service at a time. */
import type { Caller } from '../../local/front/service.ts';
import { type RunningAws, startAws } from '../../local/start.ts';

export const ISV = '000000000000';
const REGION = 'us-east-1';

export interface Services extends RunningAws {
  /** Failures of the local AWS itself. */
  readonly crashes: unknown[];
  /** Sessions whose sandbox a fault has killed. */
  readonly killed: string[];
  /** Targets that EventBridge could not reach. */
  readonly undelivered: string[];
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
  const aws = await startAws({
    dataDir,
    onCrash: (error) => void crashes.push(error),
    onUndelivered: (arn) => void undelivered.push(arn),
  });
  aws.serve({
    kill: (session) => void killed.push(session),
    sandboxes: () => [],
    deliver: async (arn) => Promise.reject(new Error(`No function is deployed at ${arn}`)),
  });
  return { ...aws, crashes, killed, undelivered };
}

/**
 * Returns a client's configuration as an account's root, or as a role: `123456789012.role-name`. It makes one
 * attempt.
 */
export function clientConfig(
  { endpoint }: { readonly endpoint: string },
  accessKeyId: string = ISV,
  sessionToken?: string,
): ClientConfig {
  const credentials = { accessKeyId, secretAccessKey: 'local', sessionToken };
  return { endpoint, region: REGION, credentials, maxAttempts: 1 };
}

/** Returns the account's root as the caller, for calls that do not go over HTTP. */
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
