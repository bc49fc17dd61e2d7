/** A command is one thing that happens to a fleet. Every promise must hold when it is done. */
import * as fc from 'fast-check';
import type { Fleet } from './fleet.ts';
import { activeThoughDown, brokenPromises } from './promises.ts';
import type { Mishap } from './gate.ts';
import { pass } from './virtual-time.ts';

/** The test's own knowledge of the tenants. */
export interface Known {
  /** The tenants whose key was touched. Nothing may ever happen to the others. */
  readonly disturbed: Set<string>;
}

export type Command = fc.AsyncCommand<Known, Fleet>;

/** The time between two commands, so that no two happen at the same moment. */
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

/** Returns a mishap in words, or an empty text for none. */
export function told(trouble: Mishap | undefined): string {
  return trouble === undefined ? '' : `, ${trouble.what}s ${trouble.when} call ${trouble.at}`;
}

/** Makes a command that does something, and then checks that every promise still holds. */
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
