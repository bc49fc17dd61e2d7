/** The functions of the data path, wired as functions/*.ts wire them, each in a sandbox of its own, over one account. */
import type { SQSRecord } from 'aws-lambda';
import { encryptChunk } from '../../../shared/encrypt/encrypt-chunk.ts';
import { parseJob } from '../../../shared/object/job.ts';
import { planNotification } from '../../../shared/ingest/plan-upload.ts';
import type { Keys } from '../../../shared/envelope/kms/kek.ts';
import { isKeyRefusal } from '../../../shared/errors.ts';
import { handleRecords, type QueuePorts } from '../../../shared/lambda/queue.ts';
import type { Redelivery } from '../../../shared/ports/queues.ts';
import type { RevocationLog } from '../../../shared/revocation/first-hand.ts';
import { createGuard, type Guard } from '../../../shared/revocation/guard.ts';
import { restore } from '../../../shared/restore/restore.ts';
import { tenantIdSchema } from '../../../shared/tenant/tenant-id.ts';
import { keysOf } from '../tenants.ts';
import { type Account, CHUNK_BYTES } from './account.ts';
import { tableBehind } from './branch-keys.ts';
import { dataPathKmsOf } from './kms-ports.ts';
import type { Queue } from './queue.ts';
import { gate, type Gate, gated } from './sandbox.ts';
import type { OurRole } from './tenant-keys.ts';
import { watchedDestinations, watchedVault } from './watched-buckets.ts';

/** One sandbox: what it keeps between invocations. */
export interface Sandbox {
  readonly name: string;
  readonly gate: Gate;
  readonly keys: Keys;
  readonly guard: Guard;
}

let sandboxes = 0;

const UNHEARD: RevocationLog = { revoked: () => undefined, notRevoked: () => undefined };

function now(): Date {
  return new Date();
}

export function newSandbox(account: Account, role: OurRole): Sandbox {
  sandboxes += 1;
  const name = `${role}-${sandboxes}`;
  const entrance = gate();
  const kms = gated(dataPathKmsOf(account, role, name), entrance);
  const keys = { ...keysOf(kms), branchKeys: tableBehind(account.keyStore.table, entrance) };
  const { cache } = keys;
  const guard = createGuard({ tenants: gated(account.tenants, entrance), cache, now, revocations: UNHEARD });
  return { name, gate: entrance, keys, guard };
}

/** Plans uploads. */
export async function runIngest(
  account: Account,
  sandbox: Sandbox,
  records: readonly SQSRecord[],
): Promise<void> {
  const { gate: entrance } = sandbox;
  const ports = {
    state: gated(account.state, entrance),
    jobs: gated(account.jobs, entrance),
    chunkBytes: CHUNK_BYTES,
    now,
  };
  const signal = new AbortController().signal;
  await dispose(account, sandbox, account.uploadQueue, records, async (body) => {
    await planNotification(body, ports, signal);
  });
}

/** Does jobs. */
export async function runEncrypt(
  account: Account,
  sandbox: Sandbox,
  records: readonly SQSRecord[],
): Promise<void> {
  const { gate: entrance, keys, guard } = sandbox;
  const ports = {
    state: gated(account.state, entrance),
    sources: gated(account.sources, entrance),
    keys,
    guard,
    admit: async <T>(_bytes: number, work: () => Promise<T>) => await work(),
    now,
  };
  const signal = new AbortController().signal;
  async function job(body: string): Promise<void> {
    const { tenantId } = parseJob(body);
    // One for each of the jobs that an invocation works on at once: it tells which message was begun when.
    const vault = watchedVault(gated(account.vault, entrance), account.uses, sandbox.name);
    const work = async (): Promise<unknown> => await encryptChunk(body, { ...ports, vault }, signal);
    await revokingFirstHand(account, sandbox, tenantId, work);
  }
  const parking = gated(account.parking, entrance);
  await dispose(account, sandbox, account.chunkQueue, records, job, { parking });
}

/** Restores one object to `restored/{tenantId}/{key}`. */
export async function runRestore(
  account: Account,
  sandbox: Sandbox,
  tenant: string,
  key: string,
): Promise<void> {
  const { gate: entrance, keys, guard } = sandbox;
  const vault = watchedVault(gated(account.vault, entrance), account.uses, sandbox.name);
  const ports = {
    tenants: gated(account.tenants, entrance),
    vault,
    destinations: watchedDestinations(gated(account.destinations, entrance), vault, entrance),
    keys,
    guard,
  };
  const destination = { bucket: 'restored', key: `${tenant}/${key}` };
  const request = { tenantId: tenantIdSchema.parse(tenant), key, destination };
  const signal = new AbortController().signal;
  await revokingFirstHand(account, sandbox, tenant, async () => await restore(request, ports, signal));
}

/** Work that KMS refused the key in use has revoked its tenant by the time it fails, unless something else came first. */
async function revokingFirstHand(
  { state, surprises, tampering }: Account,
  { gate: entrance, name }: Sandbox,
  tenantId: string,
  work: () => Promise<unknown>,
): Promise<void> {
  const before = state.tenants.get(tenantId);
  try {
    await work();
  } catch (error) {
    const isRefused = isKeyRefusal(error) && (error.kekArn ?? before?.kekArn) === before?.kekArn;
    const mayRevoke = !entrance.dead && !tampering.records.has(tenantId);
    if (isRefused && mayRevoke && state.tenants.get(tenantId) === before)
      surprises.push(`${name}: KMS refused, and ${tenantId} is as before`);
    throw error;
  }
}

/** As the event source mapping: a message leaves the queue only when its sandbox lived to say that it is dealt with. */
async function dispose(
  account: Account,
  { name, gate: entrance }: Sandbox,
  source: Queue,
  records: readonly SQSRecord[],
  work: (body: string) => Promise<void>,
  waits: Pick<QueuePorts, 'parking'> = {},
): Promise<void> {
  const redelivery: Redelivery = {
    delay: ({ messageId }, seconds) => Promise.resolve(source.hide(messageId, seconds)),
  };
  const ports = {
    redelivery: gated(redelivery, entrance),
    state: gated(account.state, entrance),
    functionName: name,
    ...waits,
  };
  const { batchItemFailures } = await handleRecords({ Records: [...records] }, work, ports);
  if (entrance.dead) return;
  const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  for (const { messageId } of records) if (!failed.has(messageId)) source.remove(messageId);
}
