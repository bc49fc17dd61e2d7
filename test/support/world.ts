/** The product's ports in memory, two tenants, and uploads of theirs: for tests of the orchestration alone. */
import { encryptJob, type EncryptPorts } from '../../shared/encrypt/encrypt-job.ts';
import type { JobOutcome } from '../../shared/encrypt/outcome.ts';
import { type InlineJob, jobsOf } from '../../shared/object/job.ts';
import type { SourceDescription } from '../../shared/ports/sources.ts';
import { type Plan, planOf } from '../../shared/object/plan.ts';
import type { PlanPorts } from '../../shared/ingest/plan-upload.ts';
import { uploadOf } from '../../shared/ingest/notification.ts';
import type { RestorePorts } from '../../shared/restore/restore.ts';
import { requireRegistered } from '../../shared/tenant/admission.ts';
import { effects, type Effects } from './effects.ts';
import type { KmsStandIn } from './kms-stand-in.ts';
import {
  type MemoryDestinations,
  memoryDestinations,
  type MemorySources,
  memorySources,
  type MemoryVault,
  memoryVault,
} from './memory-buckets.ts';
import { type MemoryJobs, memoryJobs, type MemoryState, memoryState } from './memory-state.ts';
import { ACME, GLOBEX, keysOf, kmsOfBoth } from './tenants.ts';

export interface World extends EncryptPorts, PlanPorts, RestorePorts {
  readonly effects: Effects;
  readonly state: MemoryState;
  readonly jobs: MemoryJobs;
  readonly sources: MemorySources;
  readonly vault: MemoryVault;
  readonly destinations: MemoryDestinations;
  /** The KMS that the keys of the world ask. */
  readonly kms: KmsStandIn;
}

export interface UploadOptions {
  /** The full key. Default `acme/report.pdf`. */
  readonly key?: string;
  readonly versionId?: string;
  readonly sequencer?: string;
  /** Default `UPLOADED_AT`. */
  readonly uploadedAt?: string;
  /** Default `CHUNK_BYTES`. */
  readonly chunkBytes?: number;
}

/** One record of a notification as S3 sends it, the key form-encoded. */
export interface UploadRecord {
  readonly eventVersion: string;
  readonly eventSource: string;
  readonly eventName: string;
  readonly eventTime: string;
  readonly s3: {
    readonly s3SchemaVersion: string;
    readonly bucket: { readonly name: string };
    readonly object: {
      readonly key: string;
      readonly size: number;
      readonly versionId: string;
      readonly sequencer: string;
    };
  };
}

export const CHUNK_BYTES = 65_536;
export const UPLOADED_AT = '2026-01-02T03:03:05.000Z';
export const SEALED_AT = '2026-01-02T03:04:05.000Z';
/** Everything that S3 keeps of each upload beside its bytes. */
export const DESCRIPTION: SourceDescription = {
  attributes: { contentType: 'application/pdf', metadata: { owner: 'Zoë' }, tags: { class: 'secret' } },
  checksums: [{ algorithm: 'CRC32', type: 'FULL_OBJECT', value: 'AAAAAA==' }],
};
export const NEVER: AbortSignal = new AbortController().signal;

export function world(): World {
  const happening = effects();
  const state = memoryState(happening);
  state.tenants.set(ACME.tenantId, ACME);
  state.tenants.set(GLOBEX.tenantId, GLOBEX);
  const kms = kmsOfBoth();
  return {
    effects: happening,
    state,
    jobs: memoryJobs(happening),
    sources: memorySources(happening),
    vault: memoryVault(happening),
    destinations: memoryDestinations(happening),
    kms,
    keys: keysOf(kms),
    tenants: state,
    guard: async (_tenant, signal, work) => await work(signal),
    chunkBytes: CHUNK_BYTES,
    inlineBytes: 0,
    now: () => new Date(SEALED_AT),
    admit: async (_bytes, work) => await work(),
    inTurn: async (_bytes, work) => await work(),
  };
}

/** One record of a notification of an object of that body. */
export function recordOf(body: Uint8Array, options: UploadOptions = {}): UploadRecord {
  const { key = 'acme/report.pdf', versionId = 'v1', sequencer = '00A1', uploadedAt = UPLOADED_AT } = options;
  const formKey = encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');
  return {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    eventName: 'ObjectCreated:Put',
    eventTime: uploadedAt,
    s3: {
      s3SchemaVersion: '1.0',
      bucket: { name: 'ingest' },
      object: { key: formKey, size: body.length, versionId, sequencer },
    },
  };
}

/** Puts an object into the ingest bucket and its plan into the state table, none of its jobs done. */
export function planned({ sources, state }: World, body: Buffer, options: UploadOptions = {}): Plan {
  const upload = uploadOf(recordOf(body, options));
  const { kekArn } = requireRegistered(state.tenants.get(upload.tenantId), upload.tenantId);
  const plan = planOf(upload, {
    kekArn,
    chunkBytes: options.chunkBytes ?? CHUNK_BYTES,
    plannedAt: new Date(SEALED_AT),
  });
  sources.versions.set(plan.source.versionId, { body, ...DESCRIPTION });
  state.plans.set(plan.objectId, plan);
  return plan;
}

/** Puts a small object into the ingest bucket, and returns its one job, not done. */
export function uploadedInline({ sources }: World, body: Buffer, options: UploadOptions = {}): InlineJob {
  const { tenantId, source, sizeBytes } = uploadOf(recordOf(body, options));
  sources.versions.set(source.versionId, { body, ...DESCRIPTION, modifiedAt: source.uploadedAt });
  return { tenantId, source, sizeBytes };
}

/** Uploads a small object and does its job. */
export async function sealedInline(
  ports: World,
  body: Buffer,
  options: UploadOptions = {},
): Promise<JobOutcome> {
  return await encryptJob(JSON.stringify(uploadedInline(ports, body, options)), ports, NEVER);
}

/** Plans an object and does all its jobs, in order. */
export async function sealed(ports: World, body: Buffer, options: UploadOptions = {}): Promise<Plan> {
  const plan = planned(ports, body, options);
  for (const job of jobsOf(plan, 0)) await encryptJob(JSON.stringify(job), ports, NEVER);
  return plan;
}
