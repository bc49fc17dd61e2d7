/** Leases: one item each, written only over nothing, over the same holder, or over one that has expired. */
import type { Leases } from '../ports/leases.ts';
import { expiresAt, leaseItem } from './state-keys.ts';
import type { Table } from './table.ts';

export function dynamoLeases(table: Table): Leases {
  return {
    hold: async (lease, holder, seconds) =>
      await table.putIf(
        { ...leaseItem(lease), holder, expiresAt: expiresAt(seconds) },
        {
          condition: 'attribute_not_exists(pk) OR holder = :holder OR expiresAt < :now',
          values: { holder, now: expiresAt(0) },
        },
      ),
    async release(lease, holder) {
      await table.deleteIf(leaseItem(lease), { condition: 'holder = :holder', values: { holder } });
    },
  };
}
