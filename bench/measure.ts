/** Ratios in one run: the candidates take turns, round by round, and the median over the rounds is quoted. */

export type Candidate = () => Promise<unknown>;

/** Median milliseconds of each candidate, in their order; the first `warmUps` rounds are not counted. */
export async function medians(
  candidates: readonly Candidate[],
  rounds: number,
  warmUps: number,
): Promise<readonly number[]> {
  const times = candidates.map((): number[] => []);
  for (let round = -warmUps; round < rounds; round += 1) {
    for (const [index, candidate] of candidates.entries()) {
      const elapsedMs = await timed(candidate);
      if (round >= 0) times[index]?.push(elapsedMs);
    }
  }
  return times.map(median);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
