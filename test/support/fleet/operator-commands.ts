/** What we ourselves do to a tenant, as fast-check draws it. */
import * as fc from 'fast-check';
import { ANYBODY, type Command, command, DISTURBED, MISHAPS, told } from './command.ts';
import { runResume, runRotate, runSuspend } from './control-plane.ts';
import { operate, release } from './fleet.ts';
import { pass } from './virtual-time.ts';
import { workThrough } from './working.ts';

export const rotation: fc.Arbitrary<Command> = fc.tuple(ANYBODY, MISHAPS).map(([tenant, trouble]) =>
  command(`${tenant}: a new version of its branch key${told(trouble)}`, async (fleet) => {
    await operate(fleet, tenant, runRotate, trouble);
  }),
);

export const suspension: fc.Arbitrary<Command> = fc.tuple(DISTURBED, MISHAPS).map(([tenant, trouble]) =>
  command(`${tenant} is suspended${told(trouble)}`, async (fleet, known) => {
    known.disturbed.add(tenant);
    await operate(fleet, tenant, runSuspend, trouble);
  }),
);

export const resumption: fc.Arbitrary<Command> = fc.tuple(DISTURBED, MISHAPS).map(([tenant, trouble]) =>
  command(`${tenant} is resumed${told(trouble)}`, async (fleet) => {
    await operate(fleet, tenant, runResume, trouble);
  }),
);

/** In the middle of its work, which goes on when it is due. */
export const pause: fc.Arbitrary<Command> = fc
  .record({
    tenant: DISTURBED,
    seconds: fc.constantFrom(1, 2, 10),
    sandbox: fc.nat({ max: 1 }),
    call: fc.integer({ min: 1, max: 16 }),
  })
  .map(({ tenant, seconds, sandbox, call }) =>
    command(
      `${tenant} through ${sandbox}: suspended at call ${call}, and resumed after ${seconds} s`,
      async (fleet, known) => {
        known.disturbed.add(tenant);
        await workThrough(fleet, sandbox, tenant, 'a', 1);
        await workThrough(fleet, sandbox, tenant, 'a', 250, { at: call, what: 'wait', when: 'before' });
        await operate(fleet, tenant, runSuspend);
        await pass(seconds * 1000);
        await release(fleet);
        await operate(fleet, tenant, runResume);
        await workThrough(fleet, sandbox, tenant, 'b', 1);
      },
    ),
  );
