/**
 * The entries of a tenant's record about the keys that it had before, so that what they wrapped stays readable. A KEK
 * has two entries at most, so that the record does not grow when a tenant changes its key back and forth. The last
 * entry of a KEK names the replicas that we still ask. A replica that only an earlier entry names is accepted in a
 * message, but is never asked.
 */
import { keksOf, type RetiredKek, type Tenant } from '../tenant/tenant.ts';

type Keys = Pick<Tenant, 'kekArn' | 'replicaArns' | 'retiredKeks' | 'branchKeyId'>;

/** Returns the entries after another KEK has taken the place of the tenant's KEK. */
export function withRetiredKek(keys: Keys): readonly RetiredKek[] {
  return keksOf({ ...keys, retiredKeks: mergeEntries(keys.retiredKeks, keys.kekArn) });
}

/** Returns the entries after the tenant has dropped all replicas of its KEK but `kept`. */
export function withDroppedReplicas(
  { kekArn, replicaArns, retiredKeks }: Keys,
  kept: readonly string[],
): readonly RetiredKek[] {
  const dropped = replicaArns.filter((arn) => !kept.includes(arn));
  if (dropped.length === 0) return retiredKeks;
  return mergeEntries([...retiredKeks, { kekArn, replicaArns: dropped, branchKeyIds: [] }], kekArn);
}

/** Joins all entries of that KEK to one, at the end. */
function mergeEntries(retiredKeks: readonly RetiredKek[], kekArn: string): readonly RetiredKek[] {
  const entries = retiredKeks.filter((retired) => retired.kekArn === kekArn);
  if (entries.length < 2) return retiredKeks;
  return [
    ...retiredKeks.filter((retired) => retired.kekArn !== kekArn),
    {
      kekArn,
      replicaArns: unique(entries.flatMap(({ replicaArns }) => replicaArns)),
      branchKeyIds: unique(entries.flatMap(({ branchKeyIds }) => branchKeyIds)),
    },
  ];
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
