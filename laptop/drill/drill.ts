/** A drill that is over: what was asked for, when things happened, and what the load and the keys came to. */
import type { SandboxKeyUse } from './key-use.ts';
import type { DrillOptions } from './options.ts';
import type { Remains } from './verify.ts';

/** Milliseconds since 1970. */
export interface Moments {
  /** The load was steady. */
  readonly startedMs: number;
  /** DisableKey had returned. */
  readonly pressedMs: number;
  /** `revoke` was handed the event that revoked the tenant; undefined when another signal did, or none. */
  readonly deliveredMs?: number;
  /** The state table said that the tenant is revoked, and by what signal; undefined when it never did. */
  readonly heard?: { readonly atMs: number; readonly signal: string };
  /** EnableKey was about to be sent, and had returned. */
  readonly enablingMs: number;
  readonly enabledMs: number;
  /** Every upload sealed and nothing parked; undefined when that was waited for in vain. */
  readonly drainedMs?: number;
}

/** The work that the load of one tenant came to. */
export interface TenantWork {
  readonly tenantId: string;
  readonly uploads: number;
  /** The times at which objects were sealed and restored, milliseconds since 1970. */
  readonly sealedMs: readonly number[];
  readonly restoredMs: readonly number[];
  /** Failed restores by error code. */
  readonly failures: ReadonlyMap<string, number>;
}

export interface Drill {
  readonly options: DrillOptions;
  readonly moments: Moments;
  readonly uses: readonly SandboxKeyUse[];
  readonly revoked: TenantWork;
  readonly other: TenantWork;
  /** Jobs that waited for the key when it was enabled. */
  readonly parkedJobs: number;
  readonly remains: Remains;
}
