/** The functions, wired as functions/*.ts wire them, each in a sandbox of its own, over one account. */
import type { SQSRecord } from 'aws-lambda';
import { z } from 'zod';
import type { AwsEvent } from '../../../local/service.ts';
import { encryptChunk } from '../../../shared/chunk/encrypt-chunk.ts';
import { planNotification } from '../../../shared/chunk/plan-upload.ts';
import type { Keys, KmsOperations } from '../../../shared/envelope/kek.ts';
import { materialsCache } from '../../../shared/envelope/materials-cache.ts';
import { handleRecords, type QueuePorts, type Redelivery } from '../../../shared/lambda/queue.ts';
import type { RevocationLog } from '../../../shared/revocation/first-hand.ts';
import { createGuard, type Guard } from '../../../shared/revocation/guard.ts';
import { handleKeyEvent } from '../../../shared/revocation/revoke.ts';
import type { KmsProbe } from '../../../shared/revocation/probe.ts';
import { unpark, type UnparkPorts } from '../../../shared/revocation/unpark.ts';
import { watch } from '../../../shared/revocation/watch.ts';
import { restore } from '../../../shared/restore/restore.ts';
import { tenantIdSchema } from '../../../shared/tenant/tenant-id.ts';
import { type Account, CHUNK_BYTES } from './account.ts';
import type { Queue } from './queue.ts';
import { gate, type Gate, gated } from './sandbox.ts';
import type { OurRole } from './tenant-keys.ts';
import { watchedDestinations, watchedVault } from './watched-buckets.ts';

const PROPAGATION_SECONDS = 300;
const STUCK_SECONDS = 600;
const UNPARK_PER_SECOND = 1_000_000;

/** One sandbox of `encrypt` or `restore`: what it keeps between invocations. */
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
  const cache = materialsCache();
  const kms = gated(kmsOf(account, role, name), entrance);
  const guard = createGuard({ tenants: gated(account.tenants, entrance), cache, now, revocations: UNHEARD });
  return { name, gate: entrance, keys: { kms, cache, recordUse: () => undefined }, guard };
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
    vault: watchedVault(gated(account.vault, entrance), account.uses, sandbox.name),
    keys,
    guard,
    admit: async <T>(_bytes: number, work: () => Promise<T>) => await work(),
    now,
  };
  const signal = new AbortController().signal;
  const work = async (body: string): Promise<void> => void (await encryptChunk(body, ports, signal));
  const parking = gated(account.parking, entrance);
  await dispose(account, sandbox, account.chunkQueue, records, work, { parking });
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
  await restore(request, ports, new AbortController().signal);
}

/** Handles one event of a key. */
export async function runRevoke(account: Account, sandbox: Sandbox, event: AwsEvent): Promise<void> {
  const entrance = sandbox.gate;
  const ports = {
    ...unparkPorts(account, sandbox),
    tenants: gated(account.tenants, entrance),
    kms: gated(probeOf(account), entrance),
    propagationSeconds: PROPAGATION_SECONDS,
    now,
  };
  const { outcome, tenantIds } = await handleKeyEvent(event, ports);
  if (outcome !== 'active') return;
  const signal = new AbortController().signal;
  for (const tenantId of tenantIds) await unpark(tenantId, ports, signal);
}

/** What happens every minute. */
export async function runWatch(account: Account, sandbox: Sandbox): Promise<void> {
  const entrance = sandbox.gate;
  const ports = {
    ...unparkPorts(account, sandbox),
    tenants: gated(account.tenants, entrance),
    parking: gated(account.parking, entrance),
    state: gated(account.state, entrance),
    redrives: gated(account.redrives, entrance),
    listing: gated(account.listing, entrance),
    uploads: gated(account.notifications, entrance),
    kms: gated(probeOf(account), entrance),
    propagationSeconds: PROPAGATION_SECONDS,
    stuckSeconds: STUCK_SECONDS,
    now,
    report: () => undefined,
  };
  await watch(ports, new AbortController().signal);
}

function unparkPorts(account: Account, { gate: entrance }: Sandbox): UnparkPorts {
  return {
    tenants: gated(account.tenants, entrance),
    parking: gated(account.parking, entrance),
    jobs: gated(account.jobs, entrance),
    leases: gated(account.leases, entrance),
    unparkPerSecond: UNPARK_PER_SECOND,
  };
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

function kmsOf(account: Account, role: OurRole, sandbox: string): KmsOperations {
  return {
    async generateDataKey(request) {
      const answer = await account.keys.ask(role, 'GenerateDataKey', request);
      account.uses.answered(sandbox, bytesOf(answer['CiphertextBlob']));
      return answer;
    },
    async decrypt(request) {
      const answer = await account.keys.ask(role, 'Decrypt', request);
      account.uses.answered(sandbox, request.CiphertextBlob);
      return answer;
    },
  };
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new Error('KMS answered without a wrapped DEK');
}

function probeOf({ keys }: Account): KmsProbe {
  async function dryRun(operation: string, input: object): Promise<void> {
    try {
      await keys.ask('control', operation, { ...input, DryRun: true });
    } catch (error) {
      if (error instanceof Error && error.name === 'DryRunOperationException') return;
      throw error;
    }
  }
  return {
    async describeKey(kekArn) {
      const { KeyMetadata } = await keys.ask('control', 'DescribeKey', { KeyId: kekArn });
      const { KeyState, DeletionDate, ValidTo } = metadataSchema.parse(KeyMetadata);
      return { state: KeyState, deletionDate: DeletionDate, validTo: ValidTo };
    },
    tryGenerateDataKey: async (KeyId, EncryptionContext) =>
      await dryRun('GenerateDataKey', { KeyId, EncryptionContext, NumberOfBytes: 32 }),
    tryDecrypt: async (KeyId, EncryptionContext) =>
      await dryRun('Decrypt', { KeyId, EncryptionContext, DryRunModifiers: ['IGNORE_CIPHERTEXT'] }),
  };
}

const metadataSchema = z.object({
  KeyState: z.string(),
  DeletionDate: z.date().optional(),
  ValidTo: z.date().optional(),
});
