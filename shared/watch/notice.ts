/** The news of one run of the watch: what a person may want to know at once, and the numbers at its end. */
import type { KeyWarning } from '../revocation/key-state.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

/** One thing that a person may want to know. */
export type Notice =
  | { readonly name: 'revoked' | 'activated'; readonly tenantId: TenantId; readonly signal: string }
  /** There is no verdict: KMS could not be asked, or its answer says nothing about the key. */
  | { readonly name: 'unreachable'; readonly tenantId: TenantId; readonly error: unknown }
  /** There is a verdict, but one of KMS's answers said nothing about the key. */
  | { readonly name: 'unclear'; readonly tenantId: TenantId; readonly error: unknown }
  | { readonly name: 'warning'; readonly tenantId: TenantId; readonly warning: KeyWarning }
  | { readonly name: 'unparked'; readonly tenantId: TenantId; readonly jobs: number }
  | { readonly name: 'failed'; readonly tenantId?: TenantId; readonly error: unknown };

/** The numbers of one run. Those without a unit count tenants. */
export interface Summary {
  readonly tenants: number;
  readonly revoked: number;
  readonly activated: number;
  readonly unreachable: number;
  /** Counts warnings: a tenant may have several. */
  readonly warnings: number;
  /** Counts jobs. */
  readonly unparked: number;
  /** Counts uploads. */
  readonly redriven: number;
  /** Counts versions in the ingest bucket that are no tenant's upload. */
  readonly foreign: number;
  /** Counts failures. */
  readonly failed: number;
}

/** A summary while the run counts. */
export type Counts = { -readonly [Count in keyof Summary]: Summary[Count] };

/** Reports each notice, and counts it. */
export function countingReport(counts: Counts, report: (notice: Notice) => void): (notice: Notice) => void {
  return (notice) => {
    const count = COUNTS[notice.name];
    if (count !== undefined) counts[count] += notice.name === 'unparked' ? notice.jobs : 1;
    report(notice);
  };
}

const COUNTS: Readonly<Record<Notice['name'], keyof Summary | undefined>> = {
  revoked: 'revoked',
  activated: 'activated',
  unreachable: 'unreachable',
  unclear: undefined,
  warning: 'warnings',
  unparked: 'unparked',
  failed: 'failed',
};
