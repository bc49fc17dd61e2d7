/** One thing that happens to a fleet: to whom, what goes wrong on the way, and what must hold when it is done. */
import * as fc from 'fast-check';
import type { Fleet } from './fleet.ts';
import { activeThoughDown, brokenPromises } from './promises.ts';
import type { Mishap } from './sandbox.ts';
import { pass } from './virtual-time.ts';

/** What the test itself knows of every tenant. */
export interface Known {
  /** Tenants whose key something was done to. Nothing may ever happen to the others. */
  readonly disturbed: Set<string>;
}

export type Command = fc.AsyncCommand<Known, Fleet>;

/** Nothing happens at the same moment. */
const STEP_MS = 250;

export const DISTURBED: fc.Arbitrary<string> = fc.constantFrom('acme', 'globex');
export const ANYBODY: fc.Arbitrary<string> = fc.constantFrom('acme', 'globex', 'initech');

export const MISHAPS: fc.Arbitrary<Mishap | undefined> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  {
    weight: 2,
    arbitrary: fc.record({
      at: fc.integer({ min: 1, max: 16 }),
      what: fc.constantFrom<Mishap['what']>('wait', 'die'),
      when: fc.constantFrom<Mishap['when']>('before', 'after'),
    }),
  },
);

/** A mishap in words; nothing for none. */
export function told(trouble: Mishap | undefined): string {
  return trouble === undefined ? '' : `, ${trouble.what}s ${trouble.when} call ${trouble.at}`;
}

/** Does something, and looks whether every promise still holds. */
export function command(label: string, run: (fleet: Fleet, known: Known) => Promise<void>): Command {
  return {
    check: () => true,
    toString: () => label,
    async run(known, fleet) {
      const before = new Map(fleet.account.state.tenants);
      await pass(STEP_MS);
      await run(fleet, known);
      const broken = [...brokenPromises(fleet), ...(await activeThoughDown(fleet.account))];
      if (broken.length > 0) throw new Error(broken.join('; '));
      for (const [tenantId, record] of before) {
        if (known.disturbed.has(tenantId)) continue;
        if (fleet.account.state.tenants.get(tenantId) !== record) throw new Error(`${tenantId} was changed`);
        if (fleet.account.parking.parkedOf(record.tenantId).length > 0)
          throw new Error(`${tenantId} was parked`);
      }
    },
  };
}
