/** A whole Sealstream in one process: several warm sandboxes of each function over one account. */
import type { SQSRecord } from 'aws-lambda';
import type { AwsEvent } from '../../../local/front/service.ts';
import { EventInvalidError, SealstreamError } from '../../../shared/errors.ts';
import { tenantIdSchema } from '../../../shared/tenant/tenant-id.ts';
import { type Account, account as newAccount, type OnboardedTenant } from './account.ts';
import { type Action, runRevoke, runWatch } from './control-plane.ts';
import {
  newSandbox,
  runEncrypt,
  runIngest,
  runRestore,
  type Sandbox,
  type Surroundings,
} from './functions.ts';
import { keyArnOf } from './key-news.ts';
import type { Queue } from './queue.ts';
import type { Mishap } from './sandbox.ts';
import { noteActivity, settled } from './virtual-time.ts';

export interface Fleet extends Surroundings {
  readonly sandboxes: Readonly<Record<DataFunction, Sandbox[]>>;
  /** Invocations that have not ended, and where they run. */
  readonly inFlight: Map<Promise<void>, Sandbox>;
}

type DataFunction = 'encrypt' | 'restore';

const SANDBOXES = 2;
/** The default of the deployed functions. */
const KMS_CALLS_PER_SECOND = 200;
/** What an invocation may end with, whatever happens to a key meanwhile. */
const EXPECTED_CODES: ReadonlySet<string> = new Set([
  'ERR_OBJECT_UNKNOWN',
  'ERR_TENANT_REVOKED',
  'ERR_EPOCH_CHANGED',
  'ERR_TENANT_KEY_UNUSABLE',
  'ERR_TENANT_KEY_DENIED',
  'ERR_KMS_UNAVAILABLE',
]);

/** What is added where somebody tampered with an object: it does not open, and its jobs are refused. */
const TAMPERED_CODES: ReadonlySet<string> = new Set([
  'ERR_AUTHENTICATION_FAILED',
  'ERR_CONTEXT_MISMATCH',
  'ERR_MANIFEST_INVALID',
  'ERR_JOB_INVALID',
  'ERR_PLAN_INVALID',
]);

export async function newFleet(
  tenants: readonly OnboardedTenant[],
  kmsCallsPerSecond: number = KMS_CALLS_PER_SECOND,
): Promise<Fleet> {
  const shared = { account: await newAccount(tenants), kmsCallsPerSecond };
  const several = (role: DataFunction): Sandbox[] =>
    Array.from({ length: SANDBOXES }, () => newSandbox(shared, role));
  const sandboxes = { encrypt: several('encrypt'), restore: several('restore') };
  return { ...shared, sandboxes, inFlight: new Map() };
}

/** Plans up to `most` uploads. */
export async function ingest(fleet: Fleet, first: number, most: number, mishap?: Mishap): Promise<void> {
  const sandbox = newSandbox(fleet, 'encrypt');
  const records = received(fleet.account.uploadQueue, first, most);
  await invoke(fleet, sandbox, mishap, async () => await runIngest(fleet.account, sandbox, records));
}

/** Does up to `most` jobs in one invocation. */
export async function encrypt(
  fleet: Fleet,
  index: number,
  first: number,
  most: number,
  mishap?: Mishap,
): Promise<void> {
  const sandbox = warm(fleet, 'encrypt', index);
  const records = received(fleet.account.chunkQueue, first, most);
  await invoke(fleet, sandbox, mishap, async () => await runEncrypt(fleet.account, sandbox, records));
}

export async function restore(
  fleet: Fleet,
  index: number,
  tenantId: string,
  key: string,
  mishap?: Mishap,
): Promise<void> {
  const sandbox = warm(fleet, 'restore', index);
  const run = async (): Promise<void> => await runRestore(fleet.account, sandbox, { tenantId, key });
  await invoke(fleet, sandbox, mishap, run, tenantId);
}

/** Hands an event to `revoke`; true when it was handled and need not be delivered again. */
export async function revoke(fleet: Fleet, event: AwsEvent, mishap?: Mishap): Promise<boolean> {
  const sandbox = newSandbox(fleet, 'control');
  let handled = false;
  const { tenantId } = fleet.account.everyKey.find(({ arn }) => arn === keyArnOf(event)) ?? {};
  const run = async (): Promise<void> => {
    await runRevoke(sandbox, event);
    handled = true;
  };
  await invoke(fleet, sandbox, mishap, run, tenantId);
  return handled;
}

export async function watch(fleet: Fleet, mishap?: Mishap): Promise<void> {
  const sandbox = newSandbox(fleet, 'control');
  await invoke(fleet, sandbox, mishap, async () => await runWatch(sandbox));
}

/** What one of us asks the control plane for; what cannot be is refused, and nothing happens. */
export async function operate(
  fleet: Fleet,
  tenantId: string,
  action: Action,
  mishap?: Mishap,
): Promise<void> {
  const sandbox = newSandbox(fleet, 'control');
  const runOrRefuse = async (): Promise<void> => {
    await action(sandbox, tenantIdSchema.parse(tenantId)).catch((error: unknown) => {
      if (!(error instanceof EventInvalidError)) throw error;
    });
  };
  await invoke(fleet, sandbox, mishap, runOrRefuse, tenantId);
}

/** Whatever waits goes on. */
export async function release(fleet: Fleet): Promise<void> {
  for (const { gate } of fleet.inFlight.values()) gate.release();
  await settled();
}

/** Resolves when the invocation has ended, or waits. `tenantId`: the only tenant whose record matters to it. */
async function invoke(
  fleet: Fleet,
  sandbox: Sandbox,
  mishap: Mishap | undefined,
  work: () => Promise<void>,
  tenantId?: string,
): Promise<void> {
  sandbox.gate.plan(mishap);
  const invocation = work().catch((error: unknown) => {
    const code = error instanceof SealstreamError ? error.code : String(error);
    const isExpected = EXPECTED_CODES.has(code) || isOfTampering(fleet.account, code, tenantId);
    if (!sandbox.gate.dead && !isExpected) fleet.account.surprises.push(`${sandbox.name}: ${code}`);
  });
  fleet.inFlight.set(invocation, sandbox);
  void invocation.finally(() => {
    fleet.inFlight.delete(invocation);
    noteActivity();
  });
  await settled();
}

function isOfTampering({ tampering }: Account, code: string, tenantId: string | undefined): boolean {
  if (code === 'ERR_TENANT_INVALID') return tenantId !== undefined && tampering.edited.has(tenantId);
  return tampering.objects.size > 0 && TAMPERED_CODES.has(code);
}

/** A dead sandbox is replaced by a cold one. */
function warm(fleet: Fleet, role: DataFunction, index: number): Sandbox {
  const several = fleet.sandboxes[role];
  const place = index % SANDBOXES;
  const sandbox = several[place];
  if (sandbox !== undefined && !sandbox.gate.dead) return sandbox;
  const fresh = newSandbox(fleet, role);
  several[place] = fresh;
  return fresh;
}

function received(queue: Queue, first: number, most: number): readonly SQSRecord[] {
  const records = Array.from({ length: most }, () => queue.receive(first));
  return records.filter((record) => record !== undefined);
}
