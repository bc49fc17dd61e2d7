/** Work that can never be done, in one partition of the state table, by time: an operator lists it with one Query. */
import type { Rejection } from '../ports/state.ts';
import { rejectionItem } from './state-keys.ts';
import { ABSENT } from './expressions.ts';
import type { Table } from './table.ts';

/** Keeps a rejection. Idempotent: the first rejection of a message stays as it is. */
export async function putRejection(table: Table, rejection: Rejection): Promise<void> {
  await table.putIf({ ...rejectionItem(rejection), ...rejection }, ABSENT);
}
