/** The memory of the search for stuck uploads, in the state table. */
import * as z from 'zod';
import type { Redrive, Redrives } from '../ports/redrives.ts';
import type { UnreadableRow } from '../ports/parking.ts';
import type { VersionMarker } from '../ports/sources.ts';
import { missingChunks } from './dynamo-receipts.ts';
import { expiresAt, type ItemKey, redriveItem, redriveMarkerItem } from './state-keys.ts';
import { ABSENT } from './expressions.ts';
import type { Table } from './table.ts';

/** Longer than the longest wait between two redrives of an upload. */
const REDRIVE_SECONDS = 7 * 86_400;

const redriveSchema: z.ZodType<Redrive> = z.object({
  times: z.int().min(1),
  at: z.iso.datetime(),
  generation: z.int().min(0).optional(),
});
const markerSchema = z.object({ marker: z.object({ key: z.string(), versionId: z.string() }).optional() });

/**
 * Implements the port Redrives. `report` is told of each row that is not what its key says. Such a row counts as none,
 * and is written over. Default: nobody is told.
 */
export function dynamoRedrives(
  table: Table,
  report: (row: UnreadableRow) => void = () => undefined,
): Redrives {
  return {
    async marker(): Promise<VersionMarker | undefined> {
      const { data, error } = markerSchema.safeParse((await table.get(redriveMarkerItem)) ?? {});
      if (error !== undefined) report(unreadable(redriveMarkerItem, error));
      return data?.marker;
    },
    async keepMarker(marker) {
      await table.put({ ...redriveMarkerItem, marker });
    },
    async lastOf(objectId) {
      const item = await table.get(redriveItem(objectId));
      if (item === undefined) return undefined;
      const { data, error } = redriveSchema.safeParse(item);
      if (data !== undefined) return data;
      // The row is lost on purpose. `note` writes over nothing or over what was read, so the row would stay for ever.
      await table.deleteAll([redriveItem(objectId)]);
      report(unreadable(redriveItem(objectId), error));
      return undefined;
    },
    note: async (objectId, last, next) =>
      await table.putIf(
        { ...redriveItem(objectId), ...next, expiresAt: expiresAt(REDRIVE_SECONDS) },
        last === undefined
          ? ABSENT
          : { condition: '#at = :last', names: { at: 'at' }, values: { last: last.at } },
      ),
    missingChunks: (plan) => missingChunks(table, plan),
  };
}

function unreadable({ pk, sk }: ItemKey, error: z.ZodError): UnreadableRow {
  return { row: `pk ${pk}, sk ${sk}`, reason: z.prettifyError(error) };
}
