/**
 * Decides which replica of a multi-Region key is asked first. The AWS SDK gives up on a region's KMS only after
 * seconds. So a region that was out of reach is asked last for a while, and not every chunk waits for it again.
 */
import type { Kek } from './kek.ts';
import type { DataPathKms } from '../../ports/kms.ts';
import { ageMs, type Instant, instantOf } from '../cache/key-age.ts';

const ASKED_LAST_MS = 30_000;

/** The time when a key was last out of reach, by its ARN, for each sandbox. */
const outages = new WeakMap<DataPathKms, Map<string, Instant>>();

/** Returns the KEK and its replicas in the order in which they are asked. */
export function inOrderOfReach(kek: Kek): readonly string[] {
  const { kms, cache } = kek.keys;
  function isOut(keyArn: string): boolean {
    const since = outages.get(kms)?.get(keyArn);
    return since !== undefined && ageMs(since, cache.clock) < ASKED_LAST_MS;
  }
  const arns = [kek.arn, ...kek.replicaArns];
  return [...arns.filter((arn) => !isOut(arn)), ...arns.filter(isOut)];
}

export function noteOutage({ keys: { kms, cache } }: Kek, keyArn: string): void {
  const known = outages.get(kms) ?? new Map<string, Instant>();
  outages.set(kms, known.set(keyArn, instantOf(cache.clock)));
}
