/** Ratios in one run: the candidates take turns, round by round, and the median over the rounds is quoted. */

export type Candidates<Name extends string> = Readonly<Record<Name, () => Promise<unknown>>>;

/** Median milliseconds of each candidate; the first `warmUps` rounds are not counted. */
export async function medians<Name extends string>(
  candidates: Candidates<Name>,
  rounds: number,
  warmUps: number,
): Promise<Readonly<Record<Name, number>>> {
  const names = Object.keys(candidates) as Name[];
  const times = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = -warmUps; round < rounds; round += 1) {
    for (const name of names) {
      const elapsedMs = await timed(candidates[name]);
      if (round >= 0) times.get(name)?.push(elapsedMs);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name) ?? [])])) as Record<
    Name,
    number
  >;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
