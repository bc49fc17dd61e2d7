/** Tables for a person. */
import Table from 'cli-table3';

/** Draws a table. A cell may have several lines. */
export function tableOf(rows: readonly (readonly string[])[]): string {
  const chars = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
  const table = new Table({ style: { head: [], border: [] }, chars });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}
