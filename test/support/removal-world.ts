/** A tenant and all that its removal reaches, in memory. */
import { planOf } from '../../shared/object/plan.ts';
import type { Removal } from '../../shared/tenant/removal.ts';
import type { RemovePorts } from '../../shared/offboarding/removal-step.ts';
import type { RefusedVersion } from '../../shared/ports/vault.ts';
import { remove, type Removed } from '../../shared/offboarding/remove.ts';
import type { RemoveRequest } from '../../shared/offboarding/request.ts';
import type { ListedVersion } from '../../shared/ports/sources.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { effects } from './effects.ts';
import { type MemoryParking, memoryParking } from './memory-parking.ts';
import { memoryRemovals } from './memory-control-plane.ts';
import { type MemoryKms, memoryKms } from './memory-kms.ts';
import { memoryState, type MemoryState } from './memory-state.ts';
import { type MemoryTenants, memoryTenants } from './memory-tenants.ts';
import { ACME } from './tenants.ts';
import { NEVER } from './world.ts';

export const START_MS: number = Date.parse('2026-03-01T12:00:00.000Z');
export const PROPAGATION_SECONDS = 300;

export const REQUEST: RemoveRequest = {
  action: 'remove',
  tenantId: ACME.tenantId,
  signedOffBy: 'legal@example.com',
  drain: true,
  deleteCiphertext: false,
  shredBranchKeys: false,
};

export interface RemovalWorld {
  readonly tenants: MemoryTenants;
  readonly kms: MemoryKms;
  readonly state: MemoryState;
  readonly parking: MemoryParking;
  readonly removals: Map<string, Removal>;
  ports: RemovePorts;
  nowMs: number;
  /** The versions in the ingest bucket. */
  versions: ListedVersion[];
  /** Versions in the vault; each deletion takes up to two. */
  ciphertext: number;
  /** Versions in the vault that S3 does not delete, each a page of its own. */
  refused: RefusedVersion[];
  readonly shredded: string[];
}

export function removalWorld(): RemovalWorld {
  const tenants = memoryTenants(ACME);
  const kms = memoryKms();
  const state = memoryState(effects());
  const parking = memoryParking(effects());
  const removals = new Map<string, Removal>();
  const world: RemovalWorld = {
    tenants,
    kms,
    state,
    parking,
    removals,
    ports: { tenants, kms, state, parking, removals: memoryRemovals(removals), ...portsOf(() => world) },
    nowMs: START_MS,
    versions: [],
    ciphertext: 5,
    refused: [],
    shredded: [],
  };
  return world;
}

/** Asks again and again, as the command line does, and lets time pass. */
export async function removedIn(world: RemovalWorld, request: Partial<RemoveRequest> = {}): Promise<Removed> {
  for (let times = 0; times < 10; times += 1) {
    const answer = await remove({ ...REQUEST, ...request }, world.ports, NEVER);
    if (answer.done) return answer;
    world.nowMs += 5_000;
  }
  throw new Error('it never ends');
}

/** An upload that is in the ingest bucket: planned, or too late, or small and without a plan. */
export async function uploadedIn(
  world: RemovalWorld,
  name: string,
  kind: 'planned' | 'late' | 'small' = 'planned',
): Promise<void> {
  const version = {
    bucket: 'ingest',
    key: `acme/${name}`,
    versionId: 'v1',
    sizeBytes: 5,
    uploadedAt: kind === 'late' ? '2026-03-01T13:00:00.000Z' : '2026-03-01T11:00:00.000Z',
  };
  world.versions.push(version);
  if (kind !== 'planned') return;
  const source = { ...version, sequencer: '00' };
  const upload = { tenantId: ACME.tenantId, key: name, source, sizeBytes: 5 };
  await world.state.createPlan(
    planOf(upload, { kekArn: ACME.kekArn, chunkBytes: 65_536, plannedAt: new Date(world.nowMs) }),
  );
}

export function become(world: RemovalWorld, change: Partial<Tenant>): void {
  world.tenants.records.set('acme', { ...ACME, ...change });
}

function portsOf(
  world: () => RemovalWorld,
): Omit<RemovePorts, 'tenants' | 'kms' | 'state' | 'parking' | 'removals'> {
  return {
    listing: { page: async () => await Promise.resolve({ versions: world().versions, next: undefined }) },
    deleteCiphertext: async (_tenantId, after) => {
      await Promise.resolve();
      const { ciphertext, refused } = world();
      const versions = Math.min(2, ciphertext);
      world().ciphertext -= versions;
      const behind = refused.findIndex(({ versionId }) => versionId === after?.versionId) + 1;
      return { versions, refused: refused.slice(behind, behind + 1) };
    },
    shredBranchKey: async (id) => {
      await Promise.resolve();
      world().shredded.push(id);
      return 3;
    },
    propagationSeconds: PROPAGATION_SECONDS,
    now: () => new Date(world().nowMs),
  };
}
