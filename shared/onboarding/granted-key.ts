/**
 * Checks by dry runs that a key grants us everything that the tenant's key mode needs, under the tenant's id, and
 * nothing else. The dry runs prove the grant of the control role alone, and the findings say so. AWS shows a key policy
 * to nobody of another account, so the grant of the other roles shows only when they first use the key. The statements
 * that we render name the control role beside the role that needs the operation, so one statement serves both.
 */
import { checkCondition } from './context-condition.ts';
import { type GrantCheck, refusalOf } from './dry-run.ts';
import { failed, type Finding, passed, warned } from './finding.ts';
import { BRANCH_KEY_USES, contextOf, MESSAGE_USES, statementOf, type Use } from './key-uses.ts';
import type { Ourselves } from '../handover/input.ts';

/** @throws KmsUnavailableError */
export async function checkGrant(check: GrantCheck): Promise<readonly Finding[]> {
  const needed = check.candidate.keyMode === 'hierarchical' ? BRANCH_KEY_USES : MESSAGE_USES;
  const other = needed === MESSAGE_USES ? BRANCH_KEY_USES : MESSAGE_USES;
  const granted = await Promise.all(needed.map(async (use) => await checkNeeded(use, check)));
  const [bound, excess] = await Promise.all([
    checkCondition([...MESSAGE_USES, ...BRANCH_KEY_USES], check),
    checkExcess(other, check),
  ]);
  return [...granted, bound, ...excess];
}

async function checkNeeded(use: Use, check: GrantCheck): Promise<Finding> {
  const { kekArn, candidate, ourselves, isShared } = check;
  const where = `${use.operation} under ${use.idName} ${candidate.tenantId}`;
  const refusal = await refusalOf(check, use.operation, contextOf(use, candidate.tenantId));
  if (refusal === undefined)
    return passed('grant', `${kekArn} grants ${where} to ${provenRole(use, ourselves)}`);
  if (isShared)
    return failed(
      'grant',
      `${kekArn} is registered for another tenant, and does not grant ${where}`,
      'name a key of this tenant; if it is one, its owner has to add this tenant to the key policy',
    );
  return failed('grant', `${kekArn} does not grant ${where}`, statementOf(use.sid, check));
}

/** Names the role that the dry run proves the grant of, and the roles that it cannot prove it of. */
function provenRole({ usedBy }: Use, { isv }: Ourselves): string {
  const proven = `${roleName(isv.controlRoleArn)}, which tried it by a dry run`;
  if (usedBy.length === 0) return proven;
  const others = usedBy.map((role) => roleName(isv[role])).join(' and ');
  return `${proven}; not proven for ${others}, whose first use will show it`;
}

function roleName(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

async function checkExcess(others: readonly Use[], check: GrantCheck): Promise<readonly Finding[]> {
  const { kekArn, candidate } = check;
  const [createGrant, listGrants, ...made] = await Promise.all([
    refusalOf(check, 'kms:CreateGrant'),
    refusalOf(check, 'kms:ListGrants'),
    ...others
      .filter(({ makes }) => makes)
      .map(async (use) =>
        (await refusalOf(check, use.operation, contextOf(use, candidate.tenantId))) === undefined
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
    return excess.length > 0 ? excess : [passed('excess', `${kekArn} grants us nothing more than we need`)];
  if (listGrants === undefined) return [everythingGranted(kekArn)];
  return [
    ...excess,
    warned(
      'excess',
      `${kekArn} grants kms:CreateGrant: we could let others use the key`,
      'remove kms:CreateGrant from what the key policy allows our roles',
    ),
  ];
}

function everythingGranted(kekArn: string): Finding {
  return failed(
    'excess',
    `${kekArn} grants us kms:*, or nearly that: we could administer the key`,
    'replace the statement that grants kms:* to our roles by the rendered ones, which name each operation',
  );
}
