/**
 * The epochs of the tenants of one sandbox. An epoch has a period for each KEK, so that the keys under one KEK can be
 * flushed separately. Keys live in one period: what began in it ends with it.
 */
import type { Tenant } from '../../tenant/tenant.ts';
import type { TenantId } from '../../tenant/tenant-id.ts';
import { Loads } from './loads.ts';

/** The time between two flushes of one KEK of a tenant. */
export interface Period {
  /** The loads under way. A flush begins a new period, so nobody joins a load that began before it. */
  readonly loads: Loads;
  readonly isOver: () => boolean;
}

interface Epoch {
  readonly number: number;
  /** The periods by the ARN of their KEK. */
  readonly periods: Map<string, Period>;
}

const OVER: Period = { loads: new Loads(), isOver: () => true };

export class Epochs {
  readonly #epochs = new Map<TenantId, Epoch>();

  /** Returns true when this read of the tenant ends an epoch. An epoch only grows: a read with a lower one is older. */
  observe({ tenantId, epoch }: Pick<Tenant, 'tenantId' | 'epoch'>): boolean {
    const known = this.#epochs.get(tenantId);
    if (known !== undefined && epoch <= known.number) return false;
    this.#begin(tenantId, epoch);
    return known !== undefined;
  }

  /** Ends all periods of the tenant, or that of one KEK. */
  endPeriods(tenantId: TenantId, kekArn?: string): void {
    const known = this.#epochs.get(tenantId);
    if (kekArn === undefined) this.#begin(tenantId, known?.number ?? 0);
    else known?.periods.delete(kekArn);
  }

  /** Returns the period that the KEK is in now: one that is over when the tenant was read in an earlier epoch. */
  periodOf({ tenantId, kekArn, epoch }: Pick<Tenant, 'tenantId' | 'kekArn' | 'epoch'>): Period {
    const known = this.#epochs.get(tenantId);
    if (known?.number !== epoch) return OVER;
    const isOver = (): boolean =>
      this.#epochs.get(tenantId) !== known || known.periods.get(kekArn) !== period;
    const period = known.periods.get(kekArn) ?? { loads: new Loads(), isOver };
    known.periods.set(kekArn, period);
    return period;
  }

  #begin(tenantId: TenantId, number: number): void {
    this.#epochs.set(tenantId, { number, periods: new Map() });
  }
}
