/** A figure of a benchmark, and how figures are printed. */
import Table from 'cli-table3';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The figure that it ought to reach. A figure without a target is only reported. */
  readonly reach?: { readonly atLeast: number } | { readonly atMost: number };
}

/** A line of a table, by the heads of its columns. */
export type Row = Readonly<Record<string, string | number>>;

/** Figures with a table. */
export interface Findings {
  readonly figures: readonly Figure[];
  /** Each has the same columns. */
  readonly rows: readonly Row[];
}

export function isReached({ value, reach }: Figure): boolean {
  if (reach === undefined) return true;
  return 'atLeast' in reach ? value >= reach.atLeast : value <= reach.atMost;
}

export function describe(title: string, figures: readonly Figure[]): string {
  const table = new Table({
    head: [title, 'figure', 'reach', ''],
    colAligns: ['left', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const figure of figures) {
    table.push([figure.name, shown(figure.value, figure.unit), reachOf(figure), verdictOf(figure)]);
  }
  return table.toString();
}

/** Returns the rows as a table in Markdown. A number that is not whole has two digits behind the point. */
export function markdownTable(rows: readonly Row[]): string {
  const [first = {}] = rows;
  const ruler = Object.values(first).map((value) => (typeof value === 'number' ? '--:' : '---'));
  const lines = [Object.keys(first), ruler, ...rows.map((row) => Object.values(row).map(cellOf))];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellOf(value: string | number): string {
  if (typeof value === 'string' || Number.isInteger(value)) return String(value);
  return value.toFixed(2);
}

function reachOf({ reach, unit }: Figure): string {
  if (reach === undefined) return '';
  return 'atLeast' in reach ? `≥ ${shown(reach.atLeast, unit)}` : `≤ ${shown(reach.atMost, unit)}`;
}

function verdictOf(figure: Figure): string {
  if (figure.reach === undefined) return '';
  return isReached(figure) ? 'reached' : 'NOT reached';
}

function shown(value: number, unit: string): string {
  const digits = Number.isInteger(value) || value >= 1000 ? 0 : value < 0.1 ? 4 : 2;
  return `${value.toFixed(digits)} ${unit}`;
}
