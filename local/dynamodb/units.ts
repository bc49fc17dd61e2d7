/**
 * The read and write units that an operation consumes if each item fits into one unit: 1 KB written, 4 KB read.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
 */
import * as z from 'zod';
import type { Input } from './engine.ts';

const READS: ReadonlySet<string> = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan']);
/** A read that is not strongly consistent consumes half a unit, an item of a transaction two. */
const EVENTUAL_READ = 0.5;
const TRANSACTED = 2;

const isConsistent = z.boolean().default(false);
const inputSchema = z.object({
  ConsistentRead: isConsistent,
  TransactItems: z.array(z.unknown()).default([]),
  RequestItems: z
    .record(
      z.string(),
      z.union([z.array(z.unknown()), z.object({ Keys: z.array(z.unknown()), ConsistentRead: isConsistent })]),
    )
    .optional(),
});

/** Returns one unit for a malformed input, which the operation itself refuses. */
export function unitsOf(operation: string, input: Input): number {
  const parsed = inputSchema.safeParse(input).data;
  if (parsed === undefined) return 1;
  const { ConsistentRead, TransactItems, RequestItems } = parsed;
  if (operation.startsWith('Transact')) return TRANSACTED * TransactItems.length;
  if (RequestItems === undefined) return READS.has(operation) ? unitsOfRead(ConsistentRead) : 1;
  return Object.values(RequestItems)
    .map((items) =>
      Array.isArray(items) ? items.length : items.Keys.length * unitsOfRead(items.ConsistentRead),
    )
    .reduce((sum, units) => sum + units, 0);
}

function unitsOfRead(consistent: boolean): number {
  return consistent ? 1 : EVENTUAL_READ;
}
