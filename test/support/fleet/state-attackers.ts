/**
 * Attackers who may write to the state table and nothing else, or people who write to it by mistake. They put another
 * row in the place of a tenant's record, or rows that are no jobs among parked jobs. That tenant stops until its rows
 * are put right; no other tenant notices.
 */
import * as fc from 'fast-check';
import { objectIdOf } from '../../../shared/object/object-id.ts';
import { tenantIdSchema } from '../../../shared/tenant/tenant-id.ts';
import { type Account, INGEST_BUCKET } from './account.ts';
import { type Command, command, DISTURBED } from './command.ts';
import { ingest, release, restore } from './fleet.ts';
import { editRecord, putRecordsRight } from './tampered-account.ts';
import { pass } from './virtual-time.ts';
import { uploadSpaced, workThrough } from './working.ts';

/** The tenant that nothing else happens to. */
const BYSTANDER = 'initech';
const CALL = fc.integer({ min: 1, max: 16 });

/** The rows that an attacker puts in the place of a tenant's record. */
const ROWS: Readonly<Record<string, (account: Account, tenantId: string) => unknown>> = {
  "another tenant's record": ({ state }) => state.tenants.get(BYSTANDER),
  'a record without an epoch': ({ state }, tenantId) => ({
    ...state.tenants.get(tenantId),
    epoch: undefined,
  }),
};

/** In the middle of its work, while others work as well. */
export const recordEdit: fc.Arbitrary<Command> = fc
  .record({
    tenant: DISTURBED,
    row: fc.constantFrom(...Object.keys(ROWS)),
    sandbox: fc.nat({ max: 1 }),
    call: CALL,
    isPutRight: fc.boolean(),
  })
  .map(({ tenant, row, sandbox, call, isPutRight }) =>
    command(
      `${tenant} through ${sandbox}: ${row} instead of its own at call ${call}${isPutRight ? ', put right' : ''}`,
      async (fleet, known) => {
        known.disturbed.add(tenant);
        await workThrough(
          fleet,
          { tenant, key: 'a', bytes: 250 },
          { sandbox, trouble: { at: call, what: 'wait', when: 'before' } },
        );
        editRecord(fleet.account, tenant, ROWS[row]?.(fleet.account, tenant));
        await pass(1_250);
        await release(fleet);
        await workThrough(fleet, { tenant, key: 'b', bytes: 1 }, { sandbox });
        await workThrough(fleet, { tenant: BYSTANDER, key: 'b', bytes: 1 }, { sandbox });
        for (const anybody of [tenant, BYSTANDER])
          await restore(fleet, { sandbox, tenant: anybody, key: 'b' });
        if (isPutRight) putRecordsRight(fleet.account);
      },
    ),
  );

export const recordsRight: fc.Arbitrary<Command> = fc.constant(
  command('records are put right', async (fleet) => {
    await Promise.resolve();
    putRecordsRight(fleet.account);
  }),
);

/**
 * The rows that an attacker puts among a tenant's parked jobs. The last one is a job, which only `encrypt` can refuse.
 */
const PARKED: Readonly<Record<string, (tenant: string) => string>> = {
  'no JSON': () => 'job',
  "another tenant's job": () => jobOf(BYSTANDER),
  'a job of no upload': jobOf,
};

/** Before the jobs that are parked already, or behind them. */
export const parkedRow: fc.Arbitrary<Command> = fc
  .record({ tenant: DISTURBED, row: fc.constantFrom(...Object.keys(PARKED)), isFirst: fc.boolean() })
  .map(({ tenant, row, isFirst }) =>
    command(`${row} is parked for ${tenant}`, async (fleet, known) => {
      known.disturbed.add(tenant);
      await uploadSpaced(fleet, { tenant, key: 'a', bytes: 1 });
      await ingest(fleet);
      const { parking, tampering } = fleet.account;
      const job = PARKED[row]?.(tenant) ?? '';
      const sentMs = isFirst ? 0 : Date.now();
      const arrival = `${String(sentMs).padStart(15, '0')}#planted-${tampering.parked.length}`;
      const tenantId = tenantIdSchema.parse(tenant);
      parking.plant(tenantId, arrival, job);
      tampering.parked.push({ tenantId, arrival, job });
    }),
  );

function jobOf(tenantId: string): string {
  const objectId = objectIdOf(INGEST_BUCKET, `${tenantId}/nothing`, 'none');
  return JSON.stringify({ tenantId, objectId, chunkIndex: 0 });
}
