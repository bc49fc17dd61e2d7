/**
 * Tries the red button in random histories. These things happen in any order: onboarding (with a wrong key first),
 * uploads, restores, every button that a tenant can press, key rotations, keys exchanged for others, replicas dropped,
 * rows edited and objects planted, tenants that we suspend or remove, events lost, doubled, reordered and forged,
 * sandboxes that die or hang at any call, and clocks that jump. After every step the promises hold. In the end every
 * tenant with a working key has everything sealed and gets it back. SEALSTREAM_RUNS is the number of histories. Default
 * 16.
 */
import * as fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import type { Isolation, KeyMode } from '../../shared/tenant/tenant.ts';
import type { OnboardedTenant } from '../support/fleet/account.ts';
import type { Known } from '../support/fleet/command.ts';
import { anything } from '../support/fleet/commands.ts';
import {
  drain,
  finishRemovals,
  isServed,
  mendAll,
  notRestorable,
  notSettled,
} from '../support/fleet/drain.ts';
import { type Fleet, newFleet } from '../support/fleet/fleet.ts';
import { areInOrder } from '../support/fleet/keys-in-use.ts';
import { NEWCOMER } from '../support/fleet/newcomer.ts';
import { brokenPromises, unsealed } from '../support/fleet/promises.ts';
import { stillParked } from '../support/fleet/tampered-account.ts';
import { letTimeGo, stopTime } from '../support/fleet/virtual-time.ts';

const RUNS = Number(process.env['SEALSTREAM_RUNS'] ?? 16);
/** A last resort: one history takes seconds on a busy machine. */
const RUN_MS = 30_000;
const TENANTS = ['acme', 'globex', 'initech', NEWCOMER.tenantId];

afterEach(() => {
  letTimeGo();
  vi.restoreAllMocks();
});

interface Setting extends Pick<OnboardedTenant, 'imported' | 'maxKeyAgeSeconds' | 'isolation'> {
  readonly keyModes: Readonly<Record<'acme' | 'globex' | 'initech', KeyMode>>;
  /** True when acme's first key has a replica. */
  readonly multiRegion: boolean;
  /** The time that KMS itself takes to spread a change of a key. */
  readonly propagationSeconds: number;
  /** True when DescribeKey is as late as the rest of KMS. */
  readonly isDescribedLate: boolean;
  readonly eventsArrive: boolean;
}

const settings: fc.Arbitrary<Setting> = fc.record({
  imported: fc.constantFrom(false, false, true),
  maxKeyAgeSeconds: fc.constantFrom(5, 30, 60, 0),
  keyModes: fc.record({
    acme: fc.constantFrom<KeyMode>('cached', 'hierarchical'),
    globex: fc.constantFrom<KeyMode>('cached', 'hierarchical', 'per-chunk'),
    initech: fc.constantFrom<KeyMode>('cached', 'hierarchical'),
  }),
  isolation: fc.constantFrom<Isolation>('pooled', 'dedicated'),
  multiRegion: fc.boolean(),
  propagationSeconds: fc.constantFrom(0, 0, 60, 299),
  isDescribedLate: fc.constantFrom(true, true, false),
  eventsArrive: fc.boolean(),
});

test(
  'a red button is bounded, touches nobody else, and is undone without loss',
  { timeout: RUNS * RUN_MS },
  async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const histories = fc.commands([anything], { maxCommands: 60, size: 'max' });
    await fc.assert(
      fc.asyncProperty(settings, histories, async (setting, history) => {
        stopTime('2026-03-01T00:00:00.000Z');
        const fleet = await newFleet(onboarded(setting));
        fleet.account.keys.kms.setPropagationDelay(setting.propagationSeconds, {
          describe: setting.isDescribedLate,
        });
        const known: Known = { disturbed: new Set() };
        await fc.asyncModelRun(() => ({ model: known, real: fleet }), history);
        await drain(fleet, setting.eventsArrive);
        await expectAllSealed(fleet);
        await mendAll(fleet);
        await drain(fleet, false);
        await finishRemovals(fleet);
        await expectAllSealed(fleet);
        expect(await notSettled(fleet)).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  },
);

function onboarded({ keyModes, imported, multiRegion, ...setting }: Setting): readonly OnboardedTenant[] {
  return [
    {
      ...setting,
      tenantId: 'acme',
      accountId: '111111111111',
      keyMode: keyModes.acme,
      imported,
      multiRegion: multiRegion && !imported,
    },
    { ...setting, tenantId: 'globex', accountId: '222222222222', keyMode: keyModes.globex, imported: false },
    {
      ...setting,
      tenantId: 'initech',
      accountId: '333333333333',
      keyMode: keyModes.initech,
      imported: false,
    },
    { ...setting, ...NEWCOMER, keyMode: keyModes.globex, imported: false },
  ];
}

/** A tenant whose key works has everything sealed and gets back what it uploaded, unless we do not serve it. */
async function expectAllSealed(fleet: Fleet): Promise<void> {
  for (const tenantId of TENANTS.filter((id) => isServed(fleet.account, id))) {
    if (!(await areInOrder(fleet.account, tenantId))) continue;
    expect(fleet.account.state.tenants.get(tenantId)?.status).toBe('active');
    expect(await unsealed(fleet.account, tenantId)).toEqual([]);
    expect(await notRestorable(fleet, tenantId)).toEqual([]);
  }
  expect(stillParked(fleet.account)).toEqual([]);
  expect(brokenPromises(fleet)).toEqual([]);
}
