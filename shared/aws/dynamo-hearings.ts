/** The signals that were heard of keys, in the state table. */
import * as z from 'zod';
import type { Hearings } from '../ports/tenants.ts';
import type { KeySignal } from '../tenant/key-signal.ts';
import { expiresAt, HEARD_SIGNALS, heardItem, heardSignalItem } from './state-keys.ts';
import type { Item, Table } from './table.ts';
import { invalidRow } from './tenant-records.ts';

/** The time between two notes of one key, so that a busy key does not cost a write per event. */
const NOTE_EVERY_MS = 3_600_000;

/**
 * The time that a signal is remembered. It is longer than KMS takes to spread a change, and than anybody takes to prove
 * a key.
 */
const REMEMBERED_SECONDS = 86_400;

const signalSchema: z.ZodType<KeySignal> = z.object({
  name: z.string(),
  at: z.iso.datetime(),
  kekArn: z.string(),
});

const itemSchema = z.object({ heardAt: z.iso.datetime() });

export function dynamoHearings(table: Table): Hearings {
  return {
    async note(kekArn, at) {
      await table.putIf(
        { ...heardItem(kekArn), heardAt: at.toISOString() },
        {
          // We never write a time far in the future, or a value that is no time. So such a value is written over.
          condition: 'attribute_not_exists(pk) OR NOT heardAt BETWEEN :before AND :after',
          values: {
            before: new Date(at.getTime() - NOTE_EVERY_MS).toISOString(),
            after: new Date(at.getTime() + NOTE_EVERY_MS).toISOString(),
          },
        },
      );
    },
    async last(kekArn) {
      // A row without a valid time does not show that events reach us.
      return itemSchema.safeParse(await table.get(heardItem(kekArn))).data?.heardAt;
    },
    async remember({ kekArn, ...keySignal }) {
      const expires = { expiresAt: expiresAt(REMEMBERED_SECONDS) };
      await table.putIf(
        { ...heardSignalItem(kekArn, keySignal.name), ...keySignal, kekArn, ...expires },
        {
          condition: 'attribute_not_exists(pk) OR #at < :at',
          names: { at: 'at' },
          values: { at: keySignal.at },
        },
      );
    },
    async signals(kekArn) {
      const items = await table.page({
        where: 'pk = :pk AND begins_with(sk, :signals)',
        values: { pk: heardItem(kekArn).pk, signals: HEARD_SIGNALS },
      });
      return items.map((item) => parseSignal(item, kekArn));
    },
  };
}

/**
 * Reads a signal from a row. A row that is no signal of this key is a failure, because an edited row must not hide a
 * signal that took the key away.
 * @throws TenantInvalidError
 */
function parseSignal(item: Item, kekArn: string): KeySignal {
  const { data, error } = signalSchema.safeParse(item);
  if (data?.kekArn === kekArn) return data;
  const reason = data === undefined ? z.prettifyError(error) : `it names key ${data.kekArn}`;
  throw invalidRow(
    { pk: heardItem(kekArn).pk, sk: String(item['sk']) },
    `is nothing that was heard of that key: ${reason}`,
  );
}
