/** The rest of the control plane's memory beside the tenants' records: hearings of keys, removals, branch keys. */
import type { BranchKeys } from '../../shared/envelope/kms/branch-keys.ts';
import type { Removal } from '../../shared/tenant/removal.ts';
import type { KeySignal } from '../../shared/tenant/key-signal.ts';
import type { Hearings, Removals } from '../../shared/ports/tenants.ts';

const NOTE_EVERY_MS = 3_600_000;

export interface MemoryHearings extends Hearings {
  /** ISO 8601 by KEK ARN. */
  readonly heard: Map<string, string>;
}

export function memoryHearings(): MemoryHearings {
  const heard = new Map<string, string>();
  const remembered = new Map<string, Map<string, KeySignal>>();
  return {
    heard,
    async note(kekArn, at) {
      await Promise.resolve();
      const lastMs = Date.parse(heard.get(kekArn) ?? '');
      if (!(Math.abs(at.getTime() - lastMs) <= NOTE_EVERY_MS)) heard.set(kekArn, at.toISOString());
    },
    last: async (kekArn) => await Promise.resolve(heard.get(kekArn)),
    async remember(signal) {
      await Promise.resolve();
      const of = remembered.get(signal.kekArn) ?? new Map<string, KeySignal>();
      remembered.set(signal.kekArn, of);
      if ((of.get(signal.name)?.at ?? '') < signal.at) of.set(signal.name, signal);
    },
    signals: async (kekArn) => await Promise.resolve([...(remembered.get(kekArn)?.values() ?? [])]),
  };
}

/** By tenant id. */
export function memoryRemovals(removals: Map<string, Removal> = new Map()): Removals {
  return {
    read: async (tenantId) => await Promise.resolve(removals.get(tenantId)),
    write: async (removal) => {
      await Promise.resolve();
      removals.set(removal.tenantId, removal);
    },
  };
}

export interface MemoryBranchKeys extends BranchKeys {
  /** The KEK of each, by branch key id. */
  readonly made: Map<string, string>;
  /** The ids of those that got a new version, in order. */
  readonly versioned: string[];
}

export function memoryBranchKeys(): MemoryBranchKeys {
  const made = new Map<string, string>();
  const versioned: string[] = [];
  return {
    made,
    versioned,
    async make({ tenantId, kekArn }) {
      await Promise.resolve();
      const id = `${tenantId}.${made.size + 1}`;
      made.set(id, kekArn);
      return id;
    },
    async version(_tenant, branchKeyId) {
      await Promise.resolve();
      versioned.push(branchKeyId);
    },
  };
}
