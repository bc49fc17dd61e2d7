/** All checks of a tenant's keys: what their names say, what KMS says of them, what they grant, whether we hear of them. */
import type { ControlPlaneKms } from '../ports/kms.ts';
import type { Hearings, Tenants } from '../ports/tenants.ts';
import { readable } from '../tenant/readable.ts';
import { rulesOf } from '../tenant/status.ts';
import { currentKekArns, type Tenant } from '../tenant/tenant.ts';
import { checkDescription } from './described-key.ts';
import { trialsOf } from './dry-run.ts';
import { type Finding, passed, warned } from './finding.ts';
import { checkGrant } from './granted-key.ts';
import { statementOf } from './key-uses.ts';
import type { Candidate } from './named-key.ts';
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
 * Precondition: what the keys' names say has passed (named-key.ts).
 * @throws KmsUnavailableError, StorageUnavailableError
 */
export async function checkKeys(candidate: Candidate, ports: CheckPorts): Promise<Checked> {
  const checked = await Promise.all(
    currentKekArns(candidate).map(async (arn) => await checkKey(arn, candidate, ports)),
  );
  return {
    findings: checked.flatMap(({ findings }) => findings),
    customKeyStore: checked.some(({ customKeyStore }) => customKeyStore),
  };
}

/** Whether the events of the keys reach us. Only something that happens to a key tells. */
export async function checkEvents(
  keys: Pick<Candidate, 'kekArn' | 'replicaArns'>,
  { hearings }: Pick<CheckPorts, 'hearings'>,
): Promise<readonly Finding[]> {
  return await Promise.all(
    currentKekArns(keys).map(async (arn) => {
      const heardAt = await hearings.last(arn);
      return heardAt === undefined ? unheard(arn) : passed('events', `${arn} was heard of at ${heardAt}`);
    }),
  );
}

async function checkKey(
  kekArn: string,
  candidate: Candidate,
  { kms, tenants, ourselves }: CheckPorts,
): Promise<Checked> {
  const watching = statementOf('SealstreamWatches', candidate, ourselves);
  const described = await checkDescription(kekArn, candidate, kms, watching);
  if (!described.isAskable) return described;
  // To name a key is to claim it: only a tenant that was proven to have it has it, and one that left has it no more.
  const holders = await readable(tenants.ofKek(kekArn));
  const isShared = holders.tenants.some(
    (holder) => holder.tenantId !== candidate.tenantId && rulesOf(holder).key === 'held',
  );
  const tryOperation = trialsOf(kekArn, kms, ourselves.isv.controlRoleArn);
  const ports = { tryOperation, ourselves, isShared };
  const granted = await checkGrant(kekArn, candidate, ports);
  return { ...described, findings: [...described.findings, ...granted] };
}

/** Tagging changes nothing about the key, and CloudTrail tells of it. */
function unheard(kekArn: string): Finding {
  const [, , , region = '', , resource = ''] = kekArn.split(':');
  const tag = `aws kms tag-resource --region ${region} --key-id ${resource.slice('key/'.length)}`;
  return warned(
    'events',
    `no event of ${kekArn} has reached us yet: if it is disabled, only the watch notices, within a minute`,
    `deploy the rendered rule and its role, and see that a trail logs KMS; then run, in the tenant's account, ` +
      `${tag} --tags TagKey=sealstream,TagValue=heard and check again a minute later`,
  );
}
