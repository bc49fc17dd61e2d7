/** The checks that need nothing but the ARNs of the keys. */
import { kekArnSchema, type Tenant } from '../tenant/tenant.ts';
import { failed, type Finding, passed } from './finding.ts';
import type { Ourselves } from '../handover/input.ts';

/** The members of a tenant's record that decide how its keys are checked. */
export type Candidate = Pick<
  Tenant,
  'tenantId' | 'kekArn' | 'replicaArns' | 'allowedRegions' | 'keyMode' | 'branchKeyId'
>;

/** One key of a candidate, its KEK or a replica, and ourselves, whom the key has to grant its use. */
export interface CandidateKey {
  readonly kekArn: string;
  readonly candidate: Candidate;
  readonly ourselves: Ourselves;
}

interface KeyName {
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
  readonly keyId: string;
}

export function checkNames(candidate: Candidate, ourselves: Ourselves): readonly Finding[] {
  const { kekArn, replicaArns } = candidate;
  const malformed = [kekArn, ...replicaArns].filter((arn) => !kekArnSchema.safeParse(arn).success);
  if (malformed.length > 0)
    return malformed.map((arn) =>
      failed(
        'key-arn',
        `${arn} is not the ARN of a KMS key`,
        `name the key by its full ARN, arn:${ourselves.partition}:kms:{region}:{account}:key/{id}; ` +
          'the target of an alias can move',
      ),
    );
  const name = nameOf(kekArn);
  return [
    passed('key-arn', `${kekArn} is the ARN of a key`),
    checkAccount(name, ourselves),
    checkPartition(name, ourselves),
    ...[kekArn, ...replicaArns].map((arn) => checkRegion(nameOf(arn), candidate)),
    ...replicaArns.map((arn) => checkReplica(nameOf(arn), name)),
  ];
}

function checkAccount({ accountId }: KeyName, { isv }: Ourselves): Finding {
  return accountId === isv.accountId
    ? failed(
        'account',
        `the key is in our own account ${accountId}: our administrators could use it`,
        'the tenant makes the key in an account of its own',
      )
    : passed('account', `the key is in account ${accountId}, which is not ours`);
}

function checkPartition({ partition }: KeyName, ourselves: Ourselves): Finding {
  return partition === ourselves.partition
    ? passed('partition', `the key is in partition ${partition}, as we are`)
    : failed(
        'partition',
        `the key is in partition ${partition}, but we are in ${ourselves.partition}: no role of ours can use it there`,
        `the tenant makes the key in partition ${ourselves.partition}, or is served by a deployment in ${partition}`,
      );
}

function checkRegion({ region }: KeyName, { allowedRegions }: Candidate): Finding {
  if (allowedRegions.length === 0)
    return passed('region', `the key is in ${region}, and every region is allowed`);
  return allowedRegions.includes(region)
    ? passed('region', `${region} is among the allowed regions`)
    : failed(
        'region',
        `the key is in ${region}, which is not among the tenant's allowed regions ${allowedRegions.join(', ')}`,
        `use a key in ${allowedRegions.join(' or ')}, or allow ${region}`,
      );
}

/** Checks a replica. One key unwraps what another wrapped only when both belong to the same multi-Region key. */
function checkReplica(replica: KeyName, key: KeyName): Finding {
  const isReplica =
    key.keyId.startsWith('mrk-') &&
    replica.keyId === key.keyId &&
    replica.accountId === key.accountId &&
    replica.partition === key.partition &&
    replica.region !== key.region;
  return isReplica
    ? passed('replicas', `the replica in ${replica.region} is of the same multi-Region key`)
    : failed(
        'replicas',
        `${replica.keyId} in ${replica.region} is not a replica of ${key.keyId} in another region`,
        'name replicas of the same multi-Region key (mrk-…) in the same account, each in a region of its own',
      );
}

/** Splits an ARN. Precondition: `arn` is a key ARN. */
function nameOf(arn: string): KeyName {
  const [, partition = '', , region = '', accountId = '', resource = ''] = arn.split(':');
  return { partition, region, accountId, keyId: resource.slice('key/'.length) };
}
