/**
 * Which replica of a multi-Region key is asked first. That a region's KMS is out of reach shows only when the SDK has
 * given up on it, after seconds; so for a while it is asked last, and not every chunk waits for it again.
 */
import type { Kek } from './kek.ts';
import type { DataPathKms } from '../../ports/kms.ts';
import { ageMs, type Instant, instantOf } from '../cache/key-age.ts';

const ASKED_LAST_MS = 30_000;

/** When a key was last out of reach, by its ARN, for each sandbox. */
const outages = new WeakMap<DataPathKms, Map<string, Instant>>();

/** The KEK and its replicas in the order they are to be asked in. */
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
