/** Everything that can happen to a fleet, as fast-check draws it: in any order, at any time, with a crash or a wait. */
import * as fc from 'fast-check';
import type { AwsEvent } from '../../../local/service.ts';
import { encrypt, type Fleet, ingest, release, restore, revoke, watch } from './fleet.ts';
import { type Forgery, forged } from './forged-events.ts';
import { brokenPromises } from './promises.ts';
import type { Mishap } from './sandbox.ts';
import type { TenantKey } from './tenant-keys.ts';
import { freeze, pass } from './virtual-time.ts';

/** What the test itself knows of every tenant. */
export interface Known {
  /** Tenants whose key something was done to. Nothing may ever happen to the others. */
  readonly disturbed: Set<string>;
}

type Command = fc.AsyncCommand<Known, Fleet>;

const DAY_MS = 86_400_000;
const SPACE_MS = 4_000;
const DISTURBED = fc.constantFrom('acme', 'globex');
const ANYBODY = fc.constantFrom('acme', 'globex', 'initech');
const KEY = fc.constantFrom('a', 'b');
const INDEX = fc.nat({ max: 7 });
const BYTES = fc.constantFrom(0, 1, 100, 250);

const mishap: fc.Arbitrary<Mishap | undefined> = fc.option(
  fc.record({
    at: fc.integer({ min: 1, max: 25 }),
    what: fc.constantFrom<Mishap['what']>('die', 'wait'),
    when: fc.constantFrom<Mishap['when']>('before', 'after'),
  }),
  { nil: undefined },
);

/** What a tenant can do to its key; KMS refuses what its state does not allow. */
const BUTTONS: Readonly<Record<string, (key: TenantKey) => Promise<unknown>>> = {
  disable: async (key) => await key.change('DisableKey'),
  enable: async (key) => await key.change('EnableKey'),
  'schedule deletion': async (key) => await key.change('ScheduleKeyDeletion', { PendingWindowInDays: 7 }),
  'cancel deletion': async (key) => await key.change('CancelKeyDeletion'),
  'lock out': async (key) => await key.lockOut(),
  'let in': async (key) => await key.letIn(),
  'delete material': async (key) => await key.change('DeleteImportedKeyMaterial'),
  import: async (key) => key.imported && (await key.importMaterial()),
  'import for a minute': async (key) => key.imported && (await key.importMaterial(Date.now() + 60_000)),
};

export const anything: fc.Arbitrary<Command>[] = [
  fc.tuple(ANYBODY, KEY, BYTES, fc.boolean()).map(([tenant, key, bytes, atOnce]) =>
    command(`upload ${tenant}/${key} of ${bytes} bytes`, async (fleet) => {
      await spaced(fleet, tenant, key);
      fleet.account.upload(tenant, key, bytes, true);
      if (atOnce) await ingest(fleet, fleet.account.uploadQueue.visible() - 1, 1);
    }),
  ),
  fc.tuple(ANYBODY, KEY).map(([tenant, key]) =>
    command(`upload ${tenant}/${key}, and nobody is told`, async (fleet) => {
      await spaced(fleet, tenant, key);
      fleet.account.upload(tenant, key, 150, false);
    }),
  ),
  fc
    .tuple(INDEX, mishap)
    .map(([first, trouble]) =>
      command(`plan${told(trouble)}`, async (fleet) => await ingest(fleet, first, 2, trouble)),
    ),
  ...twice(
    fc
      .tuple(INDEX, INDEX, fc.integer({ min: 1, max: 4 }), mishap)
      .map(([sandbox, first, most, trouble]) =>
        command(
          `encrypt ${most} from ${first} in ${sandbox % 2}${told(trouble)}`,
          async (fleet) => await encrypt(fleet, sandbox, first, most, trouble),
        ),
      ),
  ),
  fc
    .tuple(INDEX, ANYBODY, KEY, mishap)
    .map(([sandbox, tenant, key, trouble]) =>
      command(
        `restore ${tenant}/${key} in ${sandbox % 2}${told(trouble)}`,
        async (fleet) => await restore(fleet, sandbox, tenant, key, trouble),
      ),
    ),
  ...twice(
    fc.tuple(DISTURBED, fc.constantFrom(...Object.keys(BUTTONS))).map(([tenant, button]) =>
      command(`${tenant}: ${button}`, async (fleet, known) => {
        known.disturbed.add(tenant);
        const key = fleet.account.keyOf.get(tenant);
        await (key && BUTTONS[button]?.(key));
      }),
    ),
  ),
  ...twice(
    fc
      .tuple(fc.constantFrom('once', 'twice', 'never', 'and again later'), INDEX, mishap)
      .map(([how, index, trouble]) =>
        command(`event ${index} arrives ${how}${told(trouble)}`, async (fleet) => {
          await deliver(fleet, index, how, trouble);
        }),
      ),
  ),
  fc.tuple(ANYBODY, fc.constantFrom<Forgery>('account', 'source', 'refused', 'alias')).map(([victim, how]) =>
    command(`forged event about ${victim} (${how})`, async (fleet) => {
      const key = fleet.account.keyOf.get(victim);
      if (key !== undefined) await revoke(fleet, forged(key.arn, how));
    }),
  ),
  ...twice(
    fc
      .constantFrom(250, 750, 1_000, 1_500, 5_000, 31_000, 61_000)
      .map((ms) => command(`${ms} ms pass`, async () => await pass(ms))),
  ),
  fc.constantFrom(31_000, 301_000, 3_700_000, 8 * DAY_MS).map((ms) =>
    command(`frozen for ${ms} ms`, async (fleet) => {
      await release(fleet);
      await pass(2_000);
      freeze(ms);
    }),
  ),
  mishap.map((trouble) => command(`watch${told(trouble)}`, async (fleet) => await watch(fleet, trouble))),
  fc.constant(command('what waits goes on', release)),
  fc.boolean().map((on) =>
    command(on ? 'KMS throttles' : 'KMS answers again', async (fleet) => {
      fleet.account.keys.throttle(on);
      await Promise.resolve();
    }),
  ),
];

/** Which of two uploads is newer can be told, if need be, by the seconds alone. */
async function spaced({ account }: Fleet, tenantId: string, key: string): Promise<void> {
  const before = account.uploads.findLast((upload) => upload.tenantId === tenantId && upload.key === key);
  if (before !== undefined && Date.now() - before.atMs < SPACE_MS) await pass(SPACE_MS);
}

function twice(arbitrary: fc.Arbitrary<Command>): readonly fc.Arbitrary<Command>[] {
  return [arbitrary, arbitrary];
}

function told(trouble: Mishap | undefined): string {
  return trouble === undefined ? '' : `, ${trouble.what}s ${trouble.when} call ${trouble.at}`;
}

async function deliver(fleet: Fleet, index: number, how: string, trouble: Mishap | undefined): Promise<void> {
  const { events } = fleet.account;
  const place = index % Math.max(events.length, 1);
  const event = events[place];
  if (event === undefined) return;
  if (how === 'never') return void events.splice(place, 1);
  const handled = await revoke(fleet, event, trouble);
  if (handled) requireRevoked(fleet, event);
  if (how === 'twice') await revoke(fleet, event);
  if (handled && how !== 'and again later') events.splice(events.indexOf(event), 1);
}

/** Once the newest event of a key has been handled, and says that it is disabled, its tenant is not active. */
function requireRevoked({ account }: Fleet, event: AwsEvent): void {
  if (account.newestEvent.get(event.account) !== event || !isDisabling(event)) return;
  for (const { tenantId, kekArn, status } of account.state.tenants.values()) {
    if (kekArn.includes(`:${event.account}:`) && status === 'active')
      throw new Error(`${tenantId} is active although its key is not, and we know`);
  }
}

function isDisabling({ detail, 'detail-type': type }: AwsEvent): boolean {
  const name = 'eventName' in detail ? detail.eventName : type;
  return DISABLING.has(String(name));
}

const DISABLING: ReadonlySet<string> = new Set([
  'DisableKey',
  'ScheduleKeyDeletion',
  'DeleteImportedKeyMaterial',
  'DeleteKey',
  'DeleteExpiredKeyMaterial',
  'KMS Imported Key Material Expiration',
  'KMS CMK Deletion',
]);

/** Does something, and looks whether every promise still holds. */
function command(label: string, run: (fleet: Fleet, known: Known) => Promise<void>): Command {
  return {
    check: () => true,
    toString: () => label,
    async run(known, fleet) {
      const before = new Map(fleet.account.state.tenants);
      await run(fleet, known);
      const broken = brokenPromises(fleet);
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
