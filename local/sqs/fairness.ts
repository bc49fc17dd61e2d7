/**
 * Fair queues. While one message group of a standard queue takes more than its share of the consumers, the messages
 * of the others go first. Each message without a group counts as a tenant of its own.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
 */
import type { SqsStore, StoredMessage } from './store.ts';

/** Numbers of messages in flight by group; null stands for messages without a group. */
type InFlight = ReadonlyMap<string | null, number>;

export interface Fairness {
  /**
   * Returns the groups that are noisy now. It must be called with every receive, because it derives processing time
   * from these counts.
   */
  noisy(arn: string, inFlight: InFlight, nowMs: number): readonly string[];
}

/** AWS's threshold: a group is noisy above this share of the messages in flight, or of recent processing time. */
const SHARE = 0.1;
/** The least messages in flight of a noisy group by their share. The share of fewer messages means nothing. */
const MIN_IN_FLIGHT = 30;
/** The half-life of processing time. AWS documents only "recent". */
const HALF_LIFE_MS = 60_000;

export function createFairness(): Fairness {
  const times = new Map<string, ProcessingTime>();
  return {
    noisy(arn, inFlight, nowMs) {
      const spentMs = spentUntil(nowMs, times.get(arn), inFlight);
      times.set(arn, { spentMs, atMs: nowMs });
      const share = { inFlight: shareIn(inFlight), processing: shareIn(spentMs) };
      return [...spentMs.keys(), ...inFlight.keys()].filter(
        (group): group is string =>
          group !== null &&
          (share.processing(group) > SHARE ||
            (share.inFlight(group) > SHARE && (inFlight.get(group) ?? 0) >= MIN_IN_FLIGHT)),
      );
    },
  };
}

/**
 * Yields the visible messages in the order in which a consumer gets them: those of quiet groups by age, then those
 * of the noisy group with the fewest in flight. Take the next message after the last was hidden or moved.
 */
export function* inTurn(
  { store, fairness }: { readonly store: SqsStore; readonly fairness: Fairness },
  arn: string,
  nowMs: number,
): Generator<StoredMessage> {
  const inFlight = new Map(store.inFlight(arn, nowMs));
  const noisy = new Set(fairness.noisy(arn, inFlight, nowMs));
  for (;;) {
    const message = store.visible(arn, nowMs, [...noisy]);
    if (message === undefined) break;
    yield message;
  }
  while (noisy.size > 0) {
    const [group = ''] = [...noisy].toSorted((a, b) => (inFlight.get(a) ?? 0) - (inFlight.get(b) ?? 0));
    const message = store.visibleOf(arn, nowMs, group);
    if (message === undefined) noisy.delete(group);
    else yield message;
    inFlight.set(group, (inFlight.get(group) ?? 0) + 1);
  }
}

interface ProcessingTime {
  readonly spentMs: InFlight;
  readonly atMs: number;
}

/** Returns the processing time, which is messages in flight × time. Half of it is forgotten every `HALF_LIFE_MS`. */
function spentUntil(nowMs: number, last: ProcessingTime | undefined, inFlight: InFlight): InFlight {
  const elapsedMs = Math.max(0, nowMs - (last?.atMs ?? nowMs));
  const kept = 2 ** (-elapsedMs / HALF_LIFE_MS);
  const spentMs = new Map<string | null, number>();
  for (const [group, ms] of last?.spentMs ?? []) if (ms * kept >= 1) spentMs.set(group, ms * kept);
  for (const [group, messages] of inFlight)
    spentMs.set(group, (spentMs.get(group) ?? 0) + messages * elapsedMs);
  return spentMs;
}

function shareIn(amounts: InFlight): (group: string) => number {
  const total = [...amounts.values()].reduce((sum, amount) => sum + amount, 0);
  return (group) => (total === 0 ? 0 : (amounts.get(group) ?? 0) / total);
}
