/** Checks a tenant's keys: what KMS says about them, what they grant us, and whether their events reach us. */
import type { ControlPlaneKms } from '../ports/kms.ts';
import type { Hearings, Tenants } from '../ports/tenants.ts';
import { readable } from '../tenant/readable.ts';
import { rulesOf } from '../tenant/status.ts';
import { currentKekArns, type Tenant } from '../tenant/tenant.ts';
import { checkDescription } from './described-key.ts';
import { trialsOf } from './dry-run.ts';
import { type Finding, passed, warned } from './finding.ts';
import { checkGrant } from './granted-key.ts';
import type { Candidate, CandidateKey } from './named-key.ts';
import type { Ourselves } from '../handover/input.ts';

export interface CheckPorts {
  readonly tenants: Pick<Tenants, 'ofKek'>;
  readonly hearings: Pick<Hearings, 'last'>;
  readonly kms: ControlPlaneKms;
  readonly ourselves: Ourselves;
}

export interface Checked extends Pick<Tenant, 'customKeyStore'> {
  readonly findings: readonly Finding[];
}

/**
 * Asks KMS about each key. Precondition: the checks of the keys' ARNs (named-key.ts) have passed.
 * @throws KmsUnavailableError, StorageUnavailableError
 */
export async function checkKeys(candidate: Candidate, ports: CheckPorts): Promise<Checked> {
  const { ourselves } = ports;
  const checked = await Promise.all(
    currentKekArns(candidate).map(async (kekArn) => await checkKey({ kekArn, candidate, ourselves }, ports)),
  );
  return {
    findings: checked.flatMap(({ findings }) => findings),
    customKeyStore: checked.some(({ customKeyStore }) => customKeyStore),
  };
}

/**
 * Checks that an event of each key has reached us. Without an event nothing can be told, so the finding is a warning.
 */
export async function checkEvents(
  keys: Pick<Candidate, 'kekArn' | 'replicaArns'>,
  { hearings }: Pick<CheckPorts, 'hearings'>,
): Promise<readonly Finding[]> {
  return await Promise.all(
    currentKekArns(keys).map(async (arn) => {
      const heardAt = await hearings.last(arn);
      return heardAt === undefined
        ? warnUnheard(arn)
        : passed('events', `an event of ${arn} reached us at ${heardAt}`);
    }),
  );
}

async function checkKey(key: CandidateKey, { kms, tenants }: CheckPorts): Promise<Checked> {
  const described = await checkDescription(key, kms);
  if (!described.isAskable) return described;
  // Anybody can name a key. A tenant holds it only once the key is proven, and no longer when the tenant has left.
  const holders = await readable(tenants.ofKek(key.kekArn));
  const isShared = holders.tenants.some(
    (holder) => holder.tenantId !== key.candidate.tenantId && rulesOf(holder).key === 'held',
  );
  const granted = await checkGrant({ ...key, tryOperation: trialsOf(key, kms), isShared });
  return { ...described, findings: [...described.findings, ...granted] };
}

/** Warns that no event came yet. The fix tags the key, which changes nothing about the key, but CloudTrail logs it. */
function warnUnheard(kekArn: string): Finding {
  const [, , , region = '', , resource = ''] = kekArn.split(':');
  const tag = `aws kms tag-resource --region ${region} --key-id ${resource.slice('key/'.length)}`;
  return warned(
    'events',
    `no event of ${kekArn} has reached us yet: if it is disabled, only the watch notices, within a minute`,
    `deploy the rendered rule and its role, and make sure that a trail logs KMS; then run in the tenant's account: ` +
      `${tag} --tags TagKey=sealstream,TagValue=heard; and check again a minute later`,
  );
}
