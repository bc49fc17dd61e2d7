/** Everything that can happen to a fleet, as fast-check draws it: in any order, at any time, with a crash or a wait. */
import * as fc from 'fast-check';
import { attack } from './attackers.ts';
import { BUTTONS, press } from './buttons.ts';
import { ANYBODY, type Command, command, DISTURBED, MISHAPS, told } from './command.ts';
import { encrypt, ingest, release, restore, revoke, watch } from './fleet.ts';
import { type Forgery, forged } from './forged-events.ts';
import { deliver, type How } from './hearing.ts';
import { keyChange, keyChangeAtWork, otherButton, replicaButton, replicaChange } from './key-changes.ts';
import { pause, removal, resumption, rotation, suspension } from './operator-commands.ts';
import { addition, additionDisabled } from './newcomer.ts';
import { parkedRow, recordEdit, recordsRight } from './state-attackers.ts';
import { freeze, pass } from './virtual-time.ts';
import { uploadSpaced, workThrough } from './working.ts';

const DAY_MS = 86_400_000;
const KEY = fc.constantFrom('a', 'b');
const INDEX = fc.nat({ max: 7 });
const BYTES = fc.constantFrom(0, 1, 100, 250);

/** An upload is sealed in one sandbox, unless something comes in between. */
const work = fc
  .record({ tenant: ANYBODY, key: KEY, bytes: BYTES, sandbox: INDEX, trouble: MISHAPS })
  .map(({ tenant, key, bytes, sandbox, trouble }) =>
    command(`${tenant}/${key} of ${bytes} bytes through ${sandbox % 2}${told(trouble)}`, async (fleet) => {
      await workThrough(fleet, { tenant, key, bytes }, { sandbox, trouble });
    }),
  );

const upload = fc
  .record({ tenant: ANYBODY, key: KEY, bytes: BYTES, notified: fc.boolean() })
  .map(({ tenant, key, bytes, notified }) =>
    command(
      `upload ${tenant}/${key} of ${bytes} bytes${notified ? '' : ', and nobody is told'}`,
      async (fleet) => {
        await uploadSpaced(fleet, { tenant, key, bytes }, notified);
      },
    ),
  );

const plan = fc
  .tuple(INDEX, MISHAPS)
  .map(([first, trouble]) =>
    command(
      `plan from ${first}${told(trouble)}`,
      async (fleet) => await ingest(fleet, { first, most: 2 }, trouble),
    ),
  );

const encryption = fc
  .record({ sandbox: INDEX, first: INDEX, most: fc.integer({ min: 1, max: 6 }), trouble: MISHAPS })
  .map(({ sandbox, first, most, trouble }) =>
    command(
      `encrypt ${most} from ${first} in ${sandbox % 2}${told(trouble)}`,
      async (fleet) => await encrypt(fleet, { sandbox, first, most }, trouble),
    ),
  );

const restoration = fc
  .record({ sandbox: INDEX, tenant: ANYBODY, key: KEY, trouble: MISHAPS })
  .map(({ sandbox, tenant, key, trouble }) =>
    command(
      `restore ${tenant}/${key} in ${sandbox % 2}${told(trouble)}`,
      async (fleet) => await restore(fleet, { sandbox, tenant, key }, trouble),
    ),
  );

const button = fc
  .record({
    tenant: DISTURBED,
    name: fc.constantFrom(...Object.keys(BUTTONS)),
    how: fc.constantFrom<How | undefined>('once', 'and again later', undefined),
  })
  .map(({ tenant, name, how }) =>
    command(`${tenant}: ${name}, heard ${how ?? 'later'}`, async (fleet, known) => {
      await press(fleet, known, { tenant, button: name, how });
    }),
  );

/** A tenant disables and enables its key in the middle of its work: by far the commonest thing that tenants do. */
const offAndOn = fc
  .record({ tenant: DISTURBED, seconds: fc.constantFrom(1, 2, 10), sandbox: INDEX })
  .map(({ tenant, seconds, sandbox }) =>
    command(`${tenant} through ${sandbox % 2}: off, and on after ${seconds} s`, async (fleet, known) => {
      await workThrough(fleet, { tenant, key: 'a', bytes: 1 }, { sandbox });
      await press(fleet, known, { tenant, button: 'disable', how: 'and again later' });
      await pass(seconds * 1000);
      await press(fleet, known, { tenant, button: 'enable', how: 'once' });
      await workThrough(fleet, { tenant, key: 'b', bytes: 1 }, { sandbox });
    }),
  );

const delivery = fc
  .record({
    how: fc.constantFrom<How>('once', 'twice', 'never', 'and again later'),
    index: INDEX,
    trouble: MISHAPS,
  })
  .map(({ how, index, trouble }) =>
    command(`event ${index} arrives ${how}${told(trouble)}`, async (fleet) => {
      await deliver(fleet, index, { how, trouble });
    }),
  );

const forgery = fc
  .tuple(ANYBODY, fc.constantFrom<Forgery>('account', 'source', 'refused', 'alias'))
  .map(([victim, how]) =>
    command(`forged event about ${victim} (${how})`, async (fleet) => {
      const key = fleet.account.keyOf.get(victim);
      if (key !== undefined) await revoke(fleet, forged(key.arn, how));
    }),
  );

const moment = fc
  .constantFrom(500, 750, 1_000, 1_500, 5_000)
  .map((ms) => command(`${ms} ms pass`, async () => await pass(ms)));

const spell = fc
  .constantFrom(6_000, 31_000, 61_000)
  .map((ms) => command(`${ms} ms pass`, async () => await pass(ms)));

/** The whole process is frozen: nothing runs, and time passes. */
const freezing = fc.constantFrom(6_000, 31_000, 301_000, 3_700_000, 8 * DAY_MS).map((ms) =>
  command(`frozen for ${ms} ms`, async (fleet) => {
    await release(fleet);
    await pass(2_000);
    freeze(ms);
  }),
);

const watching = MISHAPS.map((trouble) =>
  command(`watch${told(trouble)}`, async (fleet) => await watch(fleet, trouble)),
);

const throttling = fc.boolean().map((isThrottled) =>
  command(isThrottled ? 'KMS throttles' : 'KMS answers again', async (fleet) => {
    await Promise.resolve(fleet.account.keys.throttle(isThrottled));
  }),
);

const releasing = fc.constant(
  command('what waits goes on', async (fleet) => {
    await pass(1_000);
    await release(fleet);
  }),
);

export const anything: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: work },
  { weight: 1, arbitrary: upload },
  { weight: 1, arbitrary: plan },
  { weight: 3, arbitrary: encryption },
  { weight: 5, arbitrary: restoration },
  { weight: 4, arbitrary: button },
  { weight: 1, arbitrary: offAndOn },
  { weight: 3, arbitrary: delivery },
  { weight: 1, arbitrary: forgery },
  { weight: 4, arbitrary: moment },
  { weight: 1, arbitrary: spell },
  { weight: 1, arbitrary: freezing },
  { weight: 2, arbitrary: watching },
  { weight: 1, arbitrary: throttling },
  { weight: 1, arbitrary: releasing },
  { weight: 1, arbitrary: rotation },
  { weight: 1, arbitrary: suspension },
  { weight: 2, arbitrary: resumption },
  { weight: 1, arbitrary: pause },
  { weight: 1, arbitrary: removal },
  { weight: 1, arbitrary: keyChange },
  { weight: 1, arbitrary: keyChangeAtWork },
  { weight: 1, arbitrary: otherButton },
  { weight: 2, arbitrary: replicaChange },
  { weight: 1, arbitrary: replicaButton },
  { weight: 1, arbitrary: attack },
  { weight: 1, arbitrary: recordEdit },
  { weight: 1, arbitrary: recordsRight },
  { weight: 1, arbitrary: parkedRow },
  { weight: 1, arbitrary: addition },
  { weight: 1, arbitrary: additionDisabled },
);
