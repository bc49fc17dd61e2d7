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
import type { Mishap } from './gate.ts';
import { noteActivity, settled } from './virtual-time.ts';

export interface Fleet extends Surroundings {
  readonly sandboxes: Readonly<Record<DataFunction, Sandbox[]>>;
  /** The invocations that have not ended, and their sandboxes. */
  readonly inFlight: Map<Promise<void>, Sandbox>;
}

type DataFunction = 'encrypt' | 'restore';

const SANDBOXES = 2;
/** The default of the deployed functions. */
const KMS_CALLS_PER_SECOND = 200;
/** The codes that an invocation may end with, whatever happens to a key meanwhile. */
const EXPECTED_CODES: ReadonlySet<string> = new Set([
  'ERR_OBJECT_UNKNOWN',
  'ERR_TENANT_REVOKED',
  'ERR_EPOCH_CHANGED',
  'ERR_TENANT_KEY_UNUSABLE',
  'ERR_TENANT_KEY_DENIED',
  'ERR_KMS_UNAVAILABLE',
]);

/** More codes that it may end with when somebody tampered with an object: it does not open, and its jobs are refused. */
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

/** Some of the visible messages of a queue. */
interface Batch {
  /** The place of the first one among them. Default 0. */
  readonly first?: number;
  /** Default 10, the batch size of the event source mapping. */
  readonly most?: number;
}

/** Plans a batch of uploads. */
export async function ingest(fleet: Fleet, batch: Batch = {}, mishap?: Mishap): Promise<void> {
  const sandbox = newSandbox(fleet, 'encrypt');
  const records = received(fleet.account.uploadQueue, batch);
  const work = async (): Promise<void> => await runIngest(fleet.account, sandbox, records);
  await invoke(fleet, { sandbox, work }, mishap);
}

/** Does a batch of jobs in one invocation. */
export async function encrypt(
  fleet: Fleet,
  { sandbox: index = 0, ...batch }: Batch & { readonly sandbox?: number } = {},
  mishap?: Mishap,
): Promise<void> {
  const sandbox = warm(fleet, 'encrypt', index);
  const records = received(fleet.account.chunkQueue, batch);
  const work = async (): Promise<void> => await runEncrypt(fleet.account, sandbox, records);
  await invoke(fleet, { sandbox, work }, mishap);
}

interface Restoration {
  readonly tenant: string;
  readonly key: string;
  /** Default 0. */
  readonly sandbox?: number;
}

export async function restore(
  fleet: Fleet,
  { tenant: tenantId, key, sandbox: index = 0 }: Restoration,
  mishap?: Mishap,
): Promise<void> {
  const sandbox = warm(fleet, 'restore', index);
  const work = async (): Promise<void> => await runRestore(fleet.account, sandbox, { tenantId, key });
  await invoke(fleet, { sandbox, work, tenantId }, mishap);
}

/** Hands an event to `revoke`. Returns true when it was handled and need not be delivered again. */
export async function revoke(fleet: Fleet, event: AwsEvent, mishap?: Mishap): Promise<boolean> {
  const sandbox = newSandbox(fleet, 'control');
  let handled = false;
  const { tenantId } = fleet.account.everyKey.find(({ arn }) => arn === keyArnOf(event)) ?? {};
  const work = async (): Promise<void> => {
    await runRevoke(sandbox, event);
    handled = true;
  };
  await invoke(fleet, { sandbox, work, tenantId }, mishap);
  return handled;
}

export async function watch(fleet: Fleet, mishap?: Mishap): Promise<void> {
  const sandbox = newSandbox(fleet, 'control');
  await invoke(fleet, { sandbox, work: async () => await runWatch(sandbox) }, mishap);
}

/** Does what an operator asks of the control plane. A request that is refused changes nothing. */
export async function operate(
  fleet: Fleet,
  { tenant: tenantId, action }: { readonly tenant: string; readonly action: Action },
  mishap?: Mishap,
): Promise<void> {
  const sandbox = newSandbox(fleet, 'control');
  const work = async (): Promise<void> => {
    await action(sandbox, tenantIdSchema.parse(tenantId)).catch((error: unknown) => {
      if (!(error instanceof EventInvalidError)) throw error;
    });
  };
  await invoke(fleet, { sandbox, work, tenantId }, mishap);
}

/** Lets every invocation that waits go on. */
export async function release(fleet: Fleet): Promise<void> {
  for (const { gate } of fleet.inFlight.values()) gate.release();
  await settled();
}

interface Invocation {
  readonly sandbox: Sandbox;
  readonly work: () => Promise<void>;
  /** The tenant of the work: only its record matters. */
  readonly tenantId?: string | undefined;
}

/** Resolves when the invocation has ended, or waits. */
async function invoke(
  fleet: Fleet,
  { sandbox, work, tenantId }: Invocation,
  mishap: Mishap | undefined,
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

/** Returns a warm sandbox. A cold one replaces a dead one. */
function warm(fleet: Fleet, role: DataFunction, index: number): Sandbox {
  const several = fleet.sandboxes[role];
  const place = index % SANDBOXES;
  const sandbox = several[place];
  if (sandbox !== undefined && !sandbox.gate.dead) return sandbox;
  const fresh = newSandbox(fleet, role);
  several[place] = fresh;
  return fresh;
}

function received(queue: Queue, { first = 0, most = 10 }: Batch): readonly SQSRecord[] {
  const records = Array.from({ length: most }, () => queue.receive(first));
  return records.filter((record) => record !== undefined);
}
