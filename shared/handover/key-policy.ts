/**
 * The key policy of a tenant's KEK. The tenant's account keeps the key. Each of our roles may use it for exactly the
 * operations that the tenant's key modes need, and only under the tenant's own id. That condition stops one tenant from
 * registering the key of another. No role of ours may administer the key or let others use it (no kms:CreateGrant).
 *
 * The modes `per-chunk` and `cached` send the encryption contexts of messages to KMS, with the name `tenant-id`. The
 * mode `hierarchical` sends those of branch keys, in which the Encryption SDK adds a prefix: `aws-crypto-ec:tenant-id`.
 * So a statement that lets a role unwrap branch keys does not let it unwrap the DEKs of messages.
 */
import type { KeyMode } from '../tenant/tenant.ts';

export interface KeyGrantInput {
  readonly tenantId: string;
  /** The key modes to grant. A tenant that moves from one mode to another grants both. Default `per-chunk`. */
  readonly keyModes?: readonly KeyMode[];
  /** The role of the `encrypt` function: `arn:aws:iam::{our account}:role/sealstream-{stage}-encrypt`. */
  readonly encryptRoleArn: string;
  /** The role of the `restore` function. */
  readonly restoreRoleArn: string;
  /** The role of the control plane, as `revoke` and `watch` have it. It has no access to the vault. */
  readonly controlRoleArn: string;
}

export interface KeyPolicyInput extends KeyGrantInput {
  /** The account that owns the key. */
  readonly tenantAccountId: string;
  /** `aws`, `aws-cn`, `aws-eusc`, … Default: the partition of our roles, which have no access to another partition. */
  readonly partition?: string | undefined;
}

export interface KeyPolicyStatement {
  /** The name by which a finding calls the statement. */
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Principal: { readonly AWS: string | readonly string[] };
  readonly Action: string | readonly string[];
  /** In a key policy, `*` means this key. */
  readonly Resource: '*';
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface KeyPolicy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly KeyPolicyStatement[];
}

/** Returns the whole policy, for a new key. */
export function keyPolicy(input: KeyPolicyInput): KeyPolicy {
  const partition = input.partition ?? input.controlRoleArn.split(':')[1] ?? '';
  const root = `arn:${partition}:iam::${input.tenantAccountId}:root`;
  // Without this statement nobody could disable, change or delete the key.
  const keeping = allow('TheTenantKeepsItsKey', root, { Action: 'kms:*' });
  return { Version: '2012-10-17', Statement: [keeping, ...keyGrant(input)] };
}

/** Returns the statements that grant us the key, to merge into the policy of an existing key. */
export function keyGrant(input: KeyGrantInput): readonly KeyPolicyStatement[] {
  const keyModes = input.keyModes ?? ['per-chunk'];
  return [
    ...(keyModes.some((mode) => mode !== 'hierarchical') ? messageStatements(input) : []),
    ...(keyModes.includes('hierarchical') ? branchKeyStatements(input) : []),
    // The watch sees a pending deletion or an expiry in time. DescribeKey takes no context, so no condition is
    // possible.
    allow('SealstreamWatches', input.controlRoleArn, { Action: 'kms:DescribeKey' }),
  ];
}

/**
 * Grants each role of the data path one operation. The control role gets both: it probes the key by DryRun, which needs
 * the permission of the operation itself, and it makes the one ciphertext that some probes need.
 */
function messageStatements(input: KeyGrantInput): readonly KeyPolicyStatement[] {
  const { encryptRoleArn, restoreRoleArn, controlRoleArn } = input;
  const Condition = { StringEquals: { 'kms:EncryptionContext:tenant-id': input.tenantId } };
  return [
    allow('SealstreamEncrypts', [encryptRoleArn, controlRoleArn], {
      Action: 'kms:GenerateDataKey',
      Condition,
    }),
    allow('SealstreamRestores', [restoreRoleArn, controlRoleArn], { Action: 'kms:Decrypt', Condition }),
  ];
}

/** Lets the data path unwrap branch keys. Only the control plane makes them, and never under another key. */
function branchKeyStatements(input: KeyGrantInput): readonly KeyPolicyStatement[] {
  const { encryptRoleArn, restoreRoleArn, controlRoleArn } = input;
  const StringEquals = { 'kms:EncryptionContext:aws-crypto-ec:tenant-id': input.tenantId };
  const roleArns = [encryptRoleArn, restoreRoleArn, controlRoleArn];
  return [
    allow('SealstreamUnwrapsBranchKeys', roleArns, {
      Action: 'kms:Decrypt',
      Condition: { StringEquals },
    }),
    allow('SealstreamMakesBranchKeys', controlRoleArn, {
      Action: 'kms:GenerateDataKeyWithoutPlaintext',
      Condition: { StringEquals },
    }),
    // ReEncrypt makes a new version the active one. It may use this key alone: a branch key that was moved to another
    // key could still be used after this key is revoked.
    allow('SealstreamVersionsBranchKeys', controlRoleArn, {
      Action: ['kms:ReEncryptFrom', 'kms:ReEncryptTo'],
      Condition: { StringEquals, Bool: { 'kms:ReEncryptOnSameKey': 'true' } },
    }),
  ];
}

/**
 * Returns one statement. Its condition is about the encryption context:
 * https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context
 */
function allow(
  Sid: string,
  AWS: string | readonly string[],
  { Action, Condition }: Pick<KeyPolicyStatement, 'Action' | 'Condition'>,
): KeyPolicyStatement {
  const statement = { Sid, Effect: 'Allow', Principal: { AWS }, Action, Resource: '*' } as const;
  return Condition === undefined ? statement : { ...statement, Condition };
}
