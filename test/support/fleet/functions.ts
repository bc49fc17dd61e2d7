/** The functions of the data path, each in a sandbox of its own, over one account. */
import type { SQSRecord } from 'aws-lambda';
import type { JobOutcome } from '../../../shared/encrypt/outcome.ts';
import { isKeyRefusal } from '../../../shared/errors.ts';
import { handleRecords } from '../../../shared/lambda/queue.ts';
import { parseJob } from '../../../shared/object/job.ts';
import type { Redelivery } from '../../../shared/ports/queues.ts';
import type { RestoreRequest } from '../../../shared/restore/request.ts';
import type { Restored } from '../../../shared/restore/restore.ts';
import { encryptFunction } from '../../../shared/wiring/encrypt.ts';
import type { QueueFunction, RequestFunction } from '../../../shared/wiring/function-kinds.ts';
import { ingestFunction } from '../../../shared/wiring/ingest.ts';
import { restoreFunction } from '../../../shared/wiring/restore.ts';
import { type Account, CHUNK_BYTES, INLINE_BYTES } from './account.ts';
import { portsOf, type SandboxPorts, type VaultInUse, vaultInUse } from './ports.ts';
import type { Queue } from './queue.ts';
import { gate, type Gate, gated } from './gate.ts';
import type { OurRole } from './tenant-keys.ts';

/** One sandbox, with the functions that keep something in it between invocations. */
export interface Sandbox {
  readonly name: string;
  readonly gate: Gate;
  readonly ports: SandboxPorts;
  /** Does one piece of work that uses the vault. */
  readonly during: VaultInUse['during'];
  readonly encrypt: QueueFunction<JobOutcome>;
  readonly restore: RequestFunction<RestoreRequest, Restored>;
}

/** All that the sandboxes of a fleet have in common. */
export interface Surroundings {
  readonly account: Account;
  /** The calls of KMS for one tenant that one sandbox of the data path makes in a second. */
  readonly kmsCallsPerSecond: number;
}

let sandboxes = 0;

export function newSandbox({ account, kmsCallsPerSecond }: Surroundings, role: OurRole): Sandbox {
  sandboxes += 1;
  const occupant = { name: `${role}-${sandboxes}`, role, gate: gate() };
  const { vault, during } = vaultInUse(account, occupant);
  const ports = portsOf(account, occupant, vault);
  const redelivery = redeliveryOf(account.chunkQueue, occupant.gate);
  const buckets = { restoreBucket: 'restored', vaultBucket: 'vault' };
  return {
    ...occupant,
    ports,
    during,
    encrypt: encryptFunction({ ...ports, redelivery }, { kmsCallsPerSecond }),
    restore: restoreFunction(ports, { kmsCallsPerSecond, ...buckets }),
  };
}

/** Plans uploads. */
export async function runIngest(
  { uploadQueue }: Account,
  sandbox: Sandbox,
  records: readonly SQSRecord[],
): Promise<void> {
  const redelivery = redeliveryOf(uploadQueue, sandbox.gate);
  const ingest = ingestFunction(
    { ...sandbox.ports, redelivery },
    { chunkBytes: CHUNK_BYTES, inlineBytes: INLINE_BYTES },
  );
  await deliver(records, { source: uploadQueue, gate: sandbox.gate }, ingest);
}

/** Does jobs. */
export async function runEncrypt(
  account: Account,
  sandbox: Sandbox,
  records: readonly SQSRecord[],
): Promise<void> {
  const { work, queue } = sandbox.encrypt;
  async function watched(body: string, signal: AbortSignal): Promise<unknown> {
    const { tenantId } = parseJob(body);
    return await revokingFirstHand({ account, sandbox, tenantId }, async () => await work(body, signal));
  }
  await deliver(records, { source: account.chunkQueue, gate: sandbox.gate }, { work: watched, queue });
}

/** Restores one object to `restored/{tenantId}/{key}`. */
export async function runRestore(
  account: Account,
  sandbox: Sandbox,
  request: { readonly tenantId: string; readonly key: string },
): Promise<void> {
  const { parse, answer } = sandbox.restore;
  const { tenantId } = request;
  const { signal } = new AbortController();
  await revokingFirstHand({ account, sandbox, tenantId }, async () => await answer(parse(request), signal));
}

interface Piece {
  readonly account: Account;
  readonly sandbox: Sandbox;
  readonly tenantId: string;
}

/**
 * Does a piece of work, and checks: when KMS refuses it the key in use, the tenant has been revoked by the time it fails,
 * unless something else changed the tenant first.
 */
async function revokingFirstHand(
  { account, sandbox, tenantId }: Piece,
  work: () => Promise<unknown>,
): Promise<void> {
  const { state, surprises, tampering } = account;
  const before = state.tenants.get(tenantId);
  try {
    await sandbox.during(work);
  } catch (error) {
    const isRefused = isKeyRefusal(error) && (error.kekArn ?? before?.kekArn) === before?.kekArn;
    const mayRevoke = !sandbox.gate.dead && !tampering.records.has(tenantId);
    if (isRefused && mayRevoke && state.tenants.get(tenantId) === before)
      surprises.push(`${sandbox.name}: KMS refused, and ${tenantId} is as before`);
    throw error;
  }
}

/**
 * Delivers a batch as the event source mapping does: a message leaves the queue only when its sandbox lived to say that
 * the message may go.
 */
async function deliver(
  records: readonly SQSRecord[],
  { source, gate: entrance }: { readonly source: Queue; readonly gate: Gate },
  { work, queue }: QueueFunction<unknown>,
): Promise<void> {
  const { signal } = new AbortController();
  const event = { Records: [...records] };
  const answer = await handleRecords(event, async (body) => void (await work(body, signal)), queue);
  if (entrance.dead) return;
  const failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  for (const { messageId } of records) if (!failed.has(messageId)) source.remove(messageId);
}

function redeliveryOf(source: Queue, entrance: Gate): Redelivery {
  const redelivery: Redelivery = {
    delay: ({ messageId }, seconds) => Promise.resolve(source.hide(messageId, seconds)),
  };
  return gated(redelivery, entrance);
}
