/**
 * What a key grants us, asked by dry runs: all that the tenant's key mode needs, under its own id, and nothing else.
 * The dry runs speak for the control role alone. The statements that we render name it beside the role that needs the
 * operation, so a statement that was added as it is serves both.
 */
import { randomUUID } from 'node:crypto';
import { keyGrant, type KeyPolicyStatement } from '../../onboarding/key-policy.ts';
import { type EncryptionContext, FORMAT } from '../envelope/context.ts';
import { kmsFailure, type KmsOperation } from '../envelope/kms-failure.ts';
import { KmsUnavailableError } from '../errors.ts';
import { failed, type Finding, type Fix, passed, warned } from './finding.ts';
import type { Candidate } from './named-key.ts';
import type { Ourselves } from './ourselves.ts';

/** Resolves when the operation would have worked; throws what KMS throws. Nothing is used or changed. */
export type TryOperation = (
  operation: KmsOperation,
  kekArn: string,
  context?: EncryptionContext,
) => Promise<void>;

export interface GrantPorts {
  readonly tryOperation: TryOperation;
  readonly ourselves: Ourselves;
  /** Whether the key is another tenant's as well. */
  readonly isShared: boolean;
}

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

export function statementOf(sid: string, { tenantId }: Candidate, { isv }: Ourselves): Fix {
  const { encryptRoleArn, restoreRoleArn, controlRoleArn } = isv;
  const keyModes = ['per-chunk', 'hierarchical'] as const;
  const statements = keyGrant({ tenantId, keyModes, encryptRoleArn, restoreRoleArn, controlRoleArn });
  const statement = statements.find(({ Sid }: KeyPolicyStatement) => Sid === sid);
  return { fix: `add the statement ${sid} to the key policy, exactly as it is rendered`, statement };
}

interface Asked {
  readonly kekArn: string;
  readonly candidate: Candidate;
  readonly ports: GrantPorts;
}

/** One way of using a key, and the statement that grants it. */
interface Use {
  readonly operation: KmsOperation;
  readonly sid: string;
  /** Where the key policy's condition looks for the tenant. */
  readonly idName: 'tenant-id' | 'aws-crypto-ec:tenant-id';
  /** Whether it makes something new; the others only open what was made. */
  readonly makes: boolean;
}

const MESSAGE_USES: readonly Use[] = [
  { operation: 'kms:GenerateDataKey', sid: 'SealstreamEncrypts', idName: 'tenant-id', makes: true },
  { operation: 'kms:Decrypt', sid: 'SealstreamRestores', idName: 'tenant-id', makes: false },
];

const idName = 'aws-crypto-ec:tenant-id';
const BRANCH_KEY_USES: readonly Use[] = [
  { operation: 'kms:Decrypt', sid: 'SealstreamUnwrapsBranchKeys', idName, makes: false },
  { operation: 'kms:GenerateDataKeyWithoutPlaintext', sid: 'SealstreamMakesBranchKeys', idName, makes: true },
  { operation: 'kms:ReEncrypt', sid: 'SealstreamVersionsBranchKeys', idName, makes: true },
];

async function checkNeeded(use: Use, asked: Asked): Promise<Finding> {
  const { kekArn, candidate, ports } = asked;
  const where = `${use.operation} under ${use.idName} ${candidate.tenantId}`;
  const refusal = await refusalOf(asked, use.operation, contextOf(use, candidate.tenantId));
  if (refusal === undefined) return passed('grant', `${kekArn} grants ${where}`);
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

/** Somebody else's id must be refused, or whoever knows the ARN could register the key and have it used. */
async function checkCondition(uses: readonly Use[], asked: Asked): Promise<Finding> {
  const { kekArn, candidate, ports } = asked;
  const stranger = `stranger-${randomUUID()}`;
  const refusals = await Promise.all(
    uses.map(async (use) => await refusalOf(asked, use.operation, contextOf(use, stranger))),
  );
  const unbound = uses.find((_use, index) => refusals[index] === undefined);
  if (unbound === undefined)
    return passed('context-condition', `${kekArn} refuses us under any other tenant's id`);
  return failed(
    'context-condition',
    `${kekArn} grants ${unbound.operation} under any tenant's id: this key would let us use it for anybody`,
    {
      ...statementOf(unbound.sid, candidate, ports.ourselves),
      fix: `replace the statement that grants it by ${unbound.sid}, whose Condition on ${unbound.idName} it lacks`,
    },
  );
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

function contextOf({ idName: name }: Use, tenantId: string): EncryptionContext {
  return { [name]: tenantId, purpose: 'probe', format: FORMAT };
}

/** Undefined when it would have worked. */
async function refusalOf(
  { kekArn, candidate, ports }: Asked,
  operation: KmsOperation,
  context?: EncryptionContext,
): Promise<Error | undefined> {
  try {
    await ports.tryOperation(operation, kekArn, context);
    return undefined;
  } catch (cause) {
    const failure = kmsFailure(cause, { tenantId: candidate.tenantId, arn: kekArn }, operation);
    if (failure instanceof KmsUnavailableError) throw failure;
    return failure;
  }
}
