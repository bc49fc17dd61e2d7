/** Delivers a key's true history in any order, twice or not at all: in the end each tenant is as its key is. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changeTenant } from '../../shared/revocation/change.ts';
import { probeKey } from '../../shared/revocation/probe.ts';
import { handleKeyEvent } from '../../shared/revocation/revoke.ts';
import { probed } from '../../shared/revocation/transition.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { callEvent } from '../support/key-events.ts';
import { memoryBranchKeys, memoryHearings } from '../support/memory-control-plane.ts';
import { type MemoryKms, memoryKms } from '../support/memory-kms.ts';
import { type MemoryTenants, memoryTenants } from '../support/memory-tenants.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';

const PROPAGATION_SECONDS = 300;
const START_MS = Date.parse('2026-03-01T12:00:00Z');
/** The time when the last event of a history has happened, and nothing is under way any more. */
const END_MS = START_MS + 60_000;

type Name =
  'DisableKey' | 'EnableKey' | 'PutKeyPolicy' | 'CreateGrant' | 'CancelKeyDeletion' | 'ScheduleKeyDeletion';

/** The events that leave the key as it was, or say what it is now. */
const anyName: fc.Arbitrary<Name> = fc.constantFrom(
  'DisableKey',
  'EnableKey',
  'PutKeyPolicy',
  'CreateGrant',
  'CancelKeyDeletion',
);

interface Delivered {
  readonly name: Name;
  /** The second of the true history in which it happened. Seconds grow strictly. */
  readonly second: number;
}

/** A true history with the events of it that arrive, in the order of their arrival. */
const deliveries = fc
  .array(anyName, { minLength: 1, maxLength: 6 })
  .map((names) => names.map((name, second): Delivered => ({ name, second })))
  .chain((history) => {
    const arrivals = fc.array(fc.constantFrom(...history), { maxLength: 12 });
    return fc.record({
      history: fc.constant(history),
      arrivals,
      all: fc.shuffledSubarray(history, { minLength: history.length }),
    });
  });

function isDisabled(history: readonly Pick<Delivered, 'name'>[]): boolean {
  return history.findLast(({ name }) => name === 'DisableKey' || name === 'EnableKey')?.name === 'DisableKey';
}

/** Our record of the tenants, and the KMS that we ask. */
interface World {
  readonly tenants: MemoryTenants;
  readonly kms: MemoryKms;
}

async function deliver(
  { tenants, kms }: World,
  { name, second }: Delivered,
  key: Pick<Tenant, 'kekArn'> = ACME,
): Promise<void> {
  const at = new Date(START_MS + second * 1000).toISOString();
  const ports = {
    tenants,
    hearings: memoryHearings(),
    branchKeys: memoryBranchKeys(),
    kms,
    now: () => new Date(END_MS),
    propagationSeconds: PROPAGATION_SECONDS,
  };
  await handleKeyEvent(callEvent(name, at, key), ports);
}

async function watch({ tenants, kms }: World, nowMs: number): Promise<void> {
  const verdict = await probeKey(ACME, kms);
  await changeTenant(ACME.tenantId, tenants, (tenant) =>
    probed(tenant, verdict, { now: new Date(nowMs), propagationSeconds: PROPAGATION_SECONDS }),
  );
}

test('a tenant ends as its key is, and nobody else is touched', async () => {
  await fc.assert(
    fc.asyncProperty(deliveries, async ({ history, arrivals }) => {
      const tenants = memoryTenants(ACME, GLOBEX);
      const kms = memoryKms();
      if (isDisabled(history)) kms.refuse('DisabledException');
      for (const event of arrivals) await deliver({ tenants, kms }, event);
      for (let minute = 0; minute <= 7; minute += 1) await watch({ tenants, kms }, END_MS + minute * 60_000);
      expect(tenants.records.get('acme')?.status).toBe(isDisabled(history) ? 'revoked' : 'active');
      expect(tenants.records.get('globex')).toEqual(GLOBEX);
    }),
  );
});

test('once every event has arrived, a disabled key is revoked though KMS still says yes', async () => {
  await fc.assert(
    fc.asyncProperty(deliveries, async ({ history, arrivals, all }) => {
      fc.pre(isDisabled(history));
      const tenants = memoryTenants(ACME);
      const lagging = memoryKms();
      for (const event of [...arrivals, ...all]) await deliver({ tenants, kms: lagging }, event);
      expect(tenants.records.get('acme')?.status).toBe('revoked');
    }),
  );
});

describe('with two replicas, each with a history of its own', () => {
  const REPLICA = { kekArn: ACME.kekArn.replace('us-east-1', 'eu-west-1') };
  const PAIR: Tenant = { ...ACME, replicaArns: [REPLICA.kekArn] };
  /** A history of both keys, the events of it that arrive, doubled and in any order, and then all of its events. */
  const happened = fc
    .array(fc.record({ name: anyName, isReplica: fc.boolean() }), { minLength: 1, maxLength: 8 })
    .map((history) => history.map((event, second) => ({ ...event, second })))
    .chain((history) =>
      fc.record({
        history: fc.constant(history),
        arrivals: fc.array(fc.constantFrom(...history), { maxLength: 8 }),
        all: fc.shuffledSubarray(history, { minLength: history.length }),
      }),
    );

  test('once every event has arrived, one disabled key revokes though KMS still says yes to all', async () => {
    await fc.assert(
      fc.asyncProperty(happened, async ({ history, arrivals, all }) => {
        const [own, others] = [false, true].map((one) =>
          history.filter(({ isReplica }) => isReplica === one),
        );
        fc.pre(isDisabled(own ?? []) || isDisabled(others ?? []));
        const tenants = memoryTenants(PAIR);
        const lagging = memoryKms();
        for (const event of [...arrivals, ...all])
          await deliver({ tenants, kms: lagging }, event, event.isReplica ? REPLICA : ACME);
        expect(tenants.records.get('acme')?.status).toBe('revoked');
      }),
    );
  });

  test('in order, with nothing else against them, the last one enabled brings the tenant back at once', async () => {
    const buttons = fc.array(
      fc.record({
        name: fc.constantFrom<Name>('DisableKey', 'ScheduleKeyDeletion', 'CancelKeyDeletion', 'EnableKey'),
        isReplica: fc.boolean(),
      }),
      { maxLength: 10 },
    );
    await fc.assert(
      fc.asyncProperty(buttons, async (pressed) => {
        const end = [false, true].map((isReplica) => ({ name: 'EnableKey' as const, isReplica }));
        const tenants = memoryTenants(PAIR);
        const kms = memoryKms();
        for (const [second, { name, isReplica }] of [...pressed, ...end].entries())
          await deliver({ tenants, kms }, { name, second }, isReplica ? REPLICA : ACME);
        expect(tenants.records.get('acme')?.status).toBe('active');
      }),
    );
  });
});

test('an epoch never goes back, and changes whenever the status does', async () => {
  await fc.assert(
    fc.asyncProperty(deliveries, async ({ arrivals }) => {
      const tenants = memoryTenants(ACME);
      const kms = memoryKms();
      for (const event of arrivals) {
        const before = tenants.records.get('acme') ?? ACME;
        await deliver({ tenants, kms }, event);
        const after = tenants.records.get('acme') ?? ACME;
        expect(after.epoch).toBeGreaterThanOrEqual(before.epoch);
        expect(after.epoch > before.epoch || after.status === before.status).toBe(true);
        expect(Date.parse(after.signal.at)).toBeGreaterThanOrEqual(Date.parse(before.signal.at));
      }
    }),
  );
});
