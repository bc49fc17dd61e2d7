/**
 * The state that outlives every sandbox: the state table, the buckets and the queues in memory, the tenants' keys in
 * the KMS of the local AWS, and the key events that are on their way.
 */
import { randomBytes } from 'node:crypto';
import { ISV_ACCOUNT } from '../../../laptop/names.ts';
import type { AwsEvent } from '../../../local/front/service.ts';
import { objectIdOf } from '../../../shared/object/object-id.ts';
import type { BranchKeys } from '../../../shared/envelope/kms/branch-keys.ts';
import type { Removal } from '../../../shared/tenant/removal.ts';
import type { JobQueue, UploadQueue } from '../../../shared/ports/queues.ts';
import type { Leases } from '../../../shared/ports/leases.ts';
import type { ListedVersion, SourceListing } from '../../../shared/ports/sources.ts';
import type { Redrives } from '../../../shared/ports/redrives.ts';
import type { Tenants } from '../../../shared/ports/tenants.ts';
import { type Tenant, tenantSchema } from '../../../shared/tenant/tenant.ts';
import { effects } from '../effects.ts';
import {
  type MemoryDestinations,
  memoryDestinations,
  type MemorySources,
  memorySources,
  type MemoryVault,
  memoryVault,
} from '../memory-buckets.ts';
import { type MemoryHearings, memoryHearings } from '../memory-control-plane.ts';
import { type MemoryKeyStore, memoryKeyStore } from '../memory-key-store.ts';
import { memoryLeases, type MemoryParking, memoryParking } from '../memory-parking.ts';
import { memoryRedrives } from '../memory-redrives.ts';
import { type MemoryState, memoryState } from '../memory-state.ts';
import { recordOf as uploadRecord } from '../world.ts';
import { branchKeysOf } from './branch-keys.ts';
import { isDisabling, keyArnOf } from './key-news.ts';
import { keyUses, type KeyUses } from './key-uses.ts';
import { queue, type Queue } from './queue.ts';
import { heardTenants } from './registry.ts';
import { gate } from './gate.ts';
import { type KeyOwner, replicasOf, type TenantKey, tenantKeys, type TenantKeys } from './tenant-keys.ts';
import { newTampering, type Tampering } from './tampering.ts';
import { pass } from './virtual-time.ts';

export interface Uploaded {
  readonly tenantId: string;
  /** The key as the tenant knows it. */
  readonly key: string;
  readonly versionId: string;
  readonly objectId: string;
  readonly body: Buffer;
  readonly atMs: number;
}

export interface Account {
  readonly state: MemoryState;
  readonly tenants: Tenants;
  readonly parking: MemoryParking;
  readonly hearings: MemoryHearings;
  readonly leases: Leases;
  readonly redrives: Redrives;
  readonly listing: SourceListing;
  readonly sources: MemorySources;
  readonly vault: MemoryVault;
  readonly destinations: MemoryDestinations;
  readonly jobs: JobQueue;
  readonly notifications: UploadQueue;
  readonly uploadQueue: Queue;
  readonly chunkQueue: Queue;
  readonly keys: TenantKeys;
  readonly keyStore: MemoryKeyStore;
  /** By tenant. */
  readonly removals: Map<string, Removal>;
  /** By tenant: the objects that were not sealed when its removal began. */
  readonly toDrain: Map<string, readonly string[]>;
  /** The key in use, by tenant. */
  readonly keyOf: ReadonlyMap<string, TenantKey>;
  /** Every key of every tenant, replicas too: one in use, and one that it may change to, or had before. */
  readonly everyKey: readonly TenantKey[];
  /** Events of the tenants' keys that nobody has handled yet, oldest first. */
  readonly events: AwsEvent[];
  /** By the key's ARN: what took it down since it was enabled last, whether or not anybody heard of it. */
  readonly downs: ReadonlyMap<string, AwsEvent[]>;
  /** Events that were handled. */
  readonly heard: Set<AwsEvent>;
  /** Failures that no promise allows for. */
  readonly surprises: string[];
  /** The changes that attackers made. */
  readonly tampering: Tampering;
  /** Oldest first. */
  readonly uploads: readonly Uploaded[];
  readonly uses: KeyUses;
  /** Puts an object into the ingest bucket; `notified`: whether S3 tells of it. */
  upload(tenantId: string, key: string, bytes: number, notified: boolean): void;
}

export type OnboardedTenant = KeyOwner &
  Pick<Tenant, 'isolation' | 'maxKeyAgeSeconds'> & {
    /** True when the tenant is registered at a later time. Default false. */
    readonly comesLater?: boolean;
  };

export const CHUNK_BYTES = 100;
/** Objects of one byte are small ones; there are objects of one chunk as well. */
export const INLINE_BYTES = 40;
/**
 * The time before a tenant is onboarded. By then its new key has spread through KMS, and the time is not a whole
 * second.
 */
const SPREAD_MS = 400_250;
export const INGEST_BUCKET = 'ingest';

export async function account(tenants: readonly OnboardedTenant[]): Promise<Account> {
  const neutral = effects();
  const tampering = newTampering();
  const state = memoryState(neutral, tampering.records);
  const sources = memorySources(neutral);
  const [uploadQueue, chunkQueue] = [queue(), queue()];
  const events: AwsEvent[] = [];
  const downs = new Map<string, AwsEvent[]>();
  const keys = await tenantKeys((event) => {
    if (event.account === ISV_ACCOUNT) return;
    events.push(event);
    const arn = keyArnOf(event);
    if (isDisabling(event)) downs.set(arn, [...(downs.get(arn) ?? []), event]);
  });
  const keyOf = new Map<string, TenantKey>();
  const everyKey: TenantKey[] = [];
  const uploads: Uploaded[] = [];
  const uses = keyUses();
  const surprises: string[] = [];
  const registry = heardTenants((tenant) => {
    const before = state.tenants.get(tenant.tenantId)?.status;
    if (before === 'suspended' && tenant.status === 'active' && tenant.signal.name !== 'resumed')
      surprises.push(`${tenant.signal.name} undid the suspension of ${tenant.tenantId}`);
    state.tenants.set(tenant.tenantId, tenant);
    uses.changed(tenant);
    const inUse = everyKey.find(({ arn }) => arn === tenant.kekArn);
    if (inUse?.tenantId === tenant.tenantId) keyOf.set(tenant.tenantId, inUse);
  }, tampering.records);
  const listed: ListedVersion[] = [];

  const keyStore = memoryKeyStore();
  const branchKeys = branchKeysOf(keys, keyStore.table, gate());
  for (const tenant of tenants) {
    const first = await keys.create(tenant);
    keyOf.set(tenant.tenantId, first);
    const spare = await keys.create({ ...tenant, imported: false, multiRegion: false });
    everyKey.push(first, ...(first.replica === undefined ? [] : [first.replica]), spare);
  }
  await pass(SPREAD_MS);
  for (const tenant of tenants)
    if (tenant.comesLater !== true) await registry.register(await recordOf(tenant, keyOf, branchKeys));
  events.splice(0);

  return {
    state,
    tenants: registry,
    parking: memoryParking(
      neutral,
      (rejection) => void state.rejections.set(`${rejection.sentAt} ${rejection.id}`, rejection),
    ),
    hearings: memoryHearings(),
    leases: memoryLeases(neutral),
    redrives: memoryRedrives(neutral, state),
    listing: {
      page: (_marker, prefix = '') =>
        Promise.resolve({
          versions: listed.filter(
            ({ key, versionId }) => key.startsWith(prefix) && sources.versions.has(versionId),
          ),
          next: undefined,
        }),
    },
    sources,
    vault: memoryVault(neutral),
    destinations: memoryDestinations(neutral),
    jobs: {
      async send(jobs) {
        for await (const job of jobs) chunkQueue.send(JSON.stringify(job));
      },
    },
    notifications: { send: (body) => Promise.resolve(uploadQueue.send(body)) },
    uploadQueue,
    chunkQueue,
    keys,
    keyStore,
    removals: new Map(),
    toDrain: new Map(),
    keyOf,
    everyKey,
    events,
    downs,
    heard: new Set(),
    surprises,
    tampering,
    uploads,
    uses,
    upload(tenantId, key, bytes, notified) {
      const body = randomBytes(bytes);
      const uploadedAt = new Date().toISOString();
      const versionId = `v${uploads.length + 1}`;
      const sequencer = (0x1000 + uploads.length).toString(16).toUpperCase();
      const sourceKey = `${tenantId}/${key}`;
      sources.versions.set(versionId, { body, attributes: { metadata: {}, tags: {} }, checksums: [] });
      const objectId = objectIdOf(INGEST_BUCKET, sourceKey, versionId);
      uploads.push({ tenantId, key, versionId, objectId, body, atMs: Date.now() });
      const record = uploadRecord(body, { key: sourceKey, versionId, sequencer, uploadedAt });
      // S3 lists whole seconds.
      const listedAt = `${uploadedAt.slice(0, 19)}.000Z`;
      listed.push({
        bucket: INGEST_BUCKET,
        key: sourceKey,
        versionId,
        uploadedAt: listedAt,
        sizeBytes: bytes,
      });
      if (notified) uploadQueue.send(JSON.stringify({ Records: [record] }));
    },
  };
}

async function recordOf(
  { tenantId, keyMode, isolation, maxKeyAgeSeconds }: OnboardedTenant,
  keyOf: ReadonlyMap<string, TenantKey>,
  branchKeys: BranchKeys,
): Promise<Tenant> {
  const tenant = tenantSchema.parse({
    tenantId,
    kekArn: keyOf.get(tenantId)?.arn,
    replicaArns: replicasOf(keyOf.get(tenantId)),
    keyMode,
    isolation,
    rotateWithKek: true,
    maxKeyAgeSeconds,
    status: 'active',
    epoch: 1,
    signal: { name: 'registered', at: new Date().toISOString() },
  });
  return keyMode === 'hierarchical' ? { ...tenant, branchKeyId: await branchKeys.make(tenant) } : tenant;
}
