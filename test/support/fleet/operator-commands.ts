/** The commands by which we, the operators, do something to a tenant, as fast-check draws them. */
import * as fc from 'fast-check';
import { press } from './buttons.ts';
import { ANYBODY, type Command, command, DISTURBED, type Known, MISHAPS, told } from './command.ts';
import { removing, resuming, rotating, suspending } from './control-plane.ts';
import { type Fleet, operate, release } from './fleet.ts';
import { deliverNewest } from './hearing.ts';
import { pass } from './virtual-time.ts';
import { workThrough } from './working.ts';

export const rotation: fc.Arbitrary<Command> = fc.tuple(ANYBODY, MISHAPS).map(([tenant, trouble]) =>
  command(`${tenant}: a new version of its branch key${told(trouble)}`, async (fleet) => {
    await operate(fleet, { tenant, action: rotating }, trouble);
  }),
);

export const suspension: fc.Arbitrary<Command> = fc.tuple(DISTURBED, MISHAPS).map(([tenant, trouble]) =>
  command(`${tenant} is suspended${told(trouble)}`, async (fleet, known) => {
    known.disturbed.add(tenant);
    await operate(fleet, { tenant, action: suspending }, trouble);
  }),
);

export const resumption: fc.Arbitrary<Command> = fc.tuple(DISTURBED, MISHAPS).map(([tenant, trouble]) =>
  command(`${tenant} is resumed${told(trouble)}`, async (fleet) => {
    await operate(fleet, { tenant, action: resuming }, trouble);
  }),
);

/** The time when we hear that the tenant has just disabled its key: before or after what we do ourselves, or never. */
type Heard = 'before' | 'after' | undefined;
const HEARD = fc.constantFrom<Heard>(undefined, undefined, 'before', 'after');
/** A moment later. */
const LATE_MS = 3_000;
const CALL = fc.integer({ min: 1, max: 16 });

/** A tenant is suspended in the middle of its work, and resumed. The work goes on when it is due. */
export const pause: fc.Arbitrary<Command> = fc
  .record({
    tenant: DISTURBED,
    seconds: fc.constantFrom(1, 2, 10),
    sandbox: fc.nat({ max: 1 }),
    call: CALL,
    heard: HEARD,
  })
  .map(({ tenant, seconds, sandbox, call, heard }) =>
    command(
      `${tenant} through ${sandbox}: suspended at call ${call}, and resumed after ${seconds} s${down(heard)}`,
      async (fleet, known) => {
        await workThrough(fleet, { tenant, key: 'a', bytes: 1 }, { sandbox });
        await interrupt(fleet, known, { tenant, sandbox, call, heard }, async () => {
          await operate(fleet, { tenant, action: suspending });
          await pass(seconds * 1000);
          await release(fleet);
          await operate(fleet, { tenant, action: resuming });
        });
        await workThrough(fleet, { tenant, key: 'b', bytes: 1 }, { sandbox });
      },
    ),
  );

/** The tenant that is removed. One is enough, because little happens to it afterwards. */
const REMOVED = 'globex';

/** A tenant is removed in the middle of its work. The removal is asked for again soon after. */
export const removal: fc.Arbitrary<Command> = fc
  .record({ drain: fc.boolean(), deleteCiphertext: fc.boolean(), call: CALL, heard: HEARD, trouble: MISHAPS })
  .map(({ call, heard, trouble, ...chosen }) =>
    command(
      `${REMOVED} is removed at call ${call}: ${JSON.stringify(chosen)}${down(heard)}${told(trouble)}`,
      async (fleet, known) => {
        await interrupt(fleet, known, { tenant: REMOVED, sandbox: 0, call, heard }, async () => {
          await operate(fleet, { tenant: REMOVED, action: removing(chosen) }, trouble);
        });
        await release(fleet);
        await pass(2_500);
        await operate(fleet, { tenant: REMOVED, action: removing(chosen) });
      },
    ),
  );

interface Interruption {
  readonly tenant: string;
  readonly sandbox: number;
  /** The call at which the tenant's work waits. */
  readonly call: number;
  readonly heard: Heard;
}

/** Does something to a tenant while its work waits. */
async function interrupt(
  fleet: Fleet,
  known: Known,
  { tenant, sandbox, call, heard }: Interruption,
  work: () => Promise<void>,
): Promise<void> {
  known.disturbed.add(tenant);
  await workThrough(
    fleet,
    { tenant, key: 'a', bytes: 250 },
    { sandbox, trouble: { at: call, what: 'wait', when: 'before' } },
  );
  if (heard !== undefined) await press(fleet, known, { tenant, button: 'disable' });
  await pass(LATE_MS);
  if (heard === 'before') await deliverNewest(fleet, 'once');
  await work();
  if (heard === 'after') await deliverNewest(fleet, 'once');
}

function down(heard: Heard): string {
  return heard === undefined ? '' : `, its key disabled and heard of ${heard}`;
}
