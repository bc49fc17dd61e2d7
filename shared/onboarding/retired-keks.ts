/**
 * What a tenant's record remembers of the keys it had before, so that what they wrapped stays readable. Of each KEK it
 * has two entries at most, so that changes to and fro do not make the record grow. The last entry of a KEK says which
 * of its replicas are still asked; what an earlier entry names is accepted in a message and asked for nothing.
 */
import { keksOf, type RetiredKek, type Tenant } from '../tenant/tenant.ts';

type Keys = Pick<Tenant, 'kekArn' | 'replicaArns' | 'retiredKeks' | 'branchKeyId'>;

/** When another KEK takes the place of the tenant's KEK. */
export function withRetiredKek(keys: Keys): readonly RetiredKek[] {
  return keksOf({ ...keys, retiredKeks: merged(keys.retiredKeks, keys.kekArn) });
}

/** When the KEK stays, and of its replicas only `kept` do. */
export function withDroppedReplicas(
  { kekArn, replicaArns, retiredKeks }: Keys,
  kept: readonly string[],
): readonly RetiredKek[] {
  const dropped = replicaArns.filter((arn) => !kept.includes(arn));
  if (dropped.length === 0) return retiredKeks;
  return merged([...retiredKeks, { kekArn, replicaArns: dropped, branchKeyIds: [] }], kekArn);
}

/** All entries of that KEK as one, at the end. */
function merged(retiredKeks: readonly RetiredKek[], kekArn: string): readonly RetiredKek[] {
  const times = retiredKeks.filter((retired) => retired.kekArn === kekArn);
  if (times.length < 2) return retiredKeks;
  return [
    ...retiredKeks.filter((retired) => retired.kekArn !== kekArn),
    {
      kekArn,
      replicaArns: unique(times.flatMap(({ replicaArns }) => replicaArns)),
      branchKeyIds: unique(times.flatMap(({ branchKeyIds }) => branchKeyIds)),
    },
  ];
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
