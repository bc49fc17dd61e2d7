/**
 * What a key grants us, asked by dry runs: all that the tenant's key mode needs, under its own id, and nothing else.
 * The dry runs speak for the control role alone, and the findings say so. AWS shows a key policy to nobody of another
 * account, so the grant of the other roles shows with their first use. The statements that we render name the control role
 * beside the role that needs the operation, so a statement that was added as it is serves both.
 */
import { checkCondition } from './context-condition.ts';
import { type Asked, type GrantPorts, refusalOf } from './dry-run.ts';
import { failed, type Finding, passed, warned } from './finding.ts';
import { BRANCH_KEY_USES, contextOf, MESSAGE_USES, statementOf, type Use } from './key-uses.ts';
import type { Candidate } from './named-key.ts';
import type { Ourselves } from '../handover/input.ts';

/** @throws KmsUnavailableError */
export async function checkGrant(
  kekArn: string,
  candidate: Candidate,
  ports: GrantPorts,
): Promise<readonly Finding[]> {
  const needed = candidate.keyMode === 'hierarchical' ? BRANCH_KEY_USES : MESSAGE_USES;
  const other = needed === MESSAGE_USES ? BRANCH_KEY_USES : MESSAGE_USES;
  const asked = { kekArn, candidate, ports };
  const granted = await Promise.all(needed.map(async (use) => await checkNeeded(use, asked)));
  const [bound, excess] = await Promise.all([
    checkCondition([...MESSAGE_USES, ...BRANCH_KEY_USES], asked),
    checkExcess(other, asked),
  ]);
  return [...granted, bound, ...excess];
}

async function checkNeeded(use: Use, asked: Asked): Promise<Finding> {
  const { kekArn, candidate, ports } = asked;
  const where = `${use.operation} under ${use.idName} ${candidate.tenantId}`;
  const refusal = await refusalOf(asked, use.operation, contextOf(use, candidate.tenantId));
  if (refusal === undefined)
    return passed('grant', `${kekArn} grants ${where} to ${provenRole(use, ports.ourselves)}`);
  if (ports.isShared)
    return failed(
      'grant',
      `${kekArn} is registered for another tenant, and does not grant ${where}`,
      'name a key of this tenant; if it is, its owner adds this tenant to the key policy',
    );
  return failed(
    'grant',
    `${kekArn} does not grant ${where}`,
    statementOf(use.sid, candidate, ports.ourselves),
  );
}

/** Who was asked for, and who could not be. */
function provenRole({ usedBy }: Use, { isv }: Ourselves): string {
  const proven = `${roleName(isv.controlRoleArn)}, which tried it by a dry run`;
  if (usedBy.length === 0) return proven;
  const others = usedBy.map((role) => roleName(isv[role])).join(' and ');
  return `${proven}; not proven for ${others}, whose first use will show it`;
}

function roleName(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

async function checkExcess(others: readonly Use[], asked: Asked): Promise<readonly Finding[]> {
  const { kekArn, candidate } = asked;
  const [createGrant, listGrants, ...made] = await Promise.all([
    refusalOf(asked, 'kms:CreateGrant'),
    refusalOf(asked, 'kms:ListGrants'),
    ...others
      .filter(({ makes }) => makes)
      .map(async (use) =>
        (await refusalOf(asked, use.operation, contextOf(use, candidate.tenantId))) === undefined
          ? warned(
              'excess',
              `${kekArn} grants ${use.operation}, which keyMode ${candidate.keyMode} does not need`,
              `remove the statement ${use.sid}, unless the tenant is about to change its key mode`,
            )
          : undefined,
      ),
  ]);
  const excess = made.filter((finding) => finding !== undefined);
  if (createGrant !== undefined)
    return excess.length > 0 ? excess : [passed('excess', `${kekArn} grants us nothing more than that`)];
  if (listGrants === undefined) return [everythingGranted(kekArn)];
  return [
    ...excess,
    warned(
      'excess',
      `${kekArn} grants kms:CreateGrant: we could pass the use of the key on`,
      'remove kms:CreateGrant from what the key policy allows our roles',
    ),
  ];
}

function everythingGranted(kekArn: string): Finding {
  return failed(
    'excess',
    `${kekArn} grants us kms:*, or as good as: we could administer the key`,
    'replace the statement that grants kms:* to our roles by the rendered ones, which name each operation',
  );
}
