/**
 * The key policy of a tenant's KEK: the tenant's account keeps the key, each of our roles may use it for exactly the
 * operations that the tenant's key modes need, and only under the tenant's own id. That condition is what stops one
 * tenant from registering another's key. Nobody of ours may administer the key or pass it on (no kms:CreateGrant).
 *
 * `per-chunk` and `cached` send the contexts of messages to KMS: `tenant-id`. `hierarchical` sends those of branch
 * keys, where the Encryption SDK puts a prefix before it: `aws-crypto-ec:tenant-id`. So a role that may unwrap branch
 * keys may not unwrap the DEKs of messages by the same statement.
 */
import type { KeyMode } from '../tenant/tenant.ts';

export interface KeyGrantInput {
  readonly tenantId: string;
  /** A tenant that moves from one mode to another grants both. Default `per-chunk`. */
  readonly keyModes?: readonly KeyMode[];
  /** The role of the `encrypt` function: `arn:aws:iam::{our account}:role/sealstream-{stage}-encrypt`. */
  readonly encryptRoleArn: string;
  /** The role of the `restore` function. */
  readonly restoreRoleArn: string;
  /** The role of the control plane: `revoke` and `watch`. It has no way to the vault. */
  readonly controlRoleArn: string;
}

export interface KeyPolicyInput extends KeyGrantInput {
  /** The account that owns the key. */
  readonly tenantAccountId: string;
  /** `aws`, `aws-cn`, `aws-eusc`, … Default: that of our roles, which cannot reach into another. */
  readonly partition?: string | undefined;
}

export interface KeyPolicyStatement {
  /** What a finding about the grant names. */
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Principal: { readonly AWS: string | readonly string[] };
  readonly Action: string | readonly string[];
  /** In a key policy: this key. */
  readonly Resource: '*';
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface KeyPolicy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly KeyPolicyStatement[];
}

/** The whole policy, for a key of its own. */
export function keyPolicy(input: KeyPolicyInput): KeyPolicy {
  const partition = input.partition ?? input.controlRoleArn.split(':')[1] ?? '';
  const root = `arn:${partition}:iam::${input.tenantAccountId}:root`;
  // The key stays the tenant's: without it nobody could disable, change or delete the key.
  const keeping = allow('TheTenantKeepsItsKey', root, 'kms:*');
  return { Version: '2012-10-17', Statement: [keeping, ...keyGrant(input)] };
}

/** What we are granted: the statements to merge into the policy of a key that exists already. */
export function keyGrant(input: KeyGrantInput): readonly KeyPolicyStatement[] {
  const keyModes = input.keyModes ?? ['per-chunk'];
  return [
    ...(keyModes.some((mode) => mode !== 'hierarchical') ? messageStatements(input) : []),
    ...(keyModes.includes('hierarchical') ? branchKeyStatements(input) : []),
    // The watch sees a pending deletion and an expiry ahead. DescribeKey takes no context, so no condition is possible.
    allow('SealstreamWatches', input.controlRoleArn, 'kms:DescribeKey'),
  ];
}

/**
 * One operation per role of the data path. The control role may do both: it probes the key by DryRun, which needs the
 * permission of what it probes, and makes the one ciphertext that some probes need.
 */
function messageStatements(input: KeyGrantInput): readonly KeyPolicyStatement[] {
  const { encryptRoleArn, restoreRoleArn, controlRoleArn } = input;
  const condition = { StringEquals: { 'kms:EncryptionContext:tenant-id': input.tenantId } };
  return [
    allow('SealstreamEncrypts', [encryptRoleArn, controlRoleArn], 'kms:GenerateDataKey', condition),
    allow('SealstreamRestores', [restoreRoleArn, controlRoleArn], 'kms:Decrypt', condition),
  ];
}

/** The data path unwraps branch keys; only the control plane makes them, and never under another key. */
function branchKeyStatements(input: KeyGrantInput): readonly KeyPolicyStatement[] {
  const { encryptRoleArn, restoreRoleArn, controlRoleArn } = input;
  const StringEquals = { 'kms:EncryptionContext:aws-crypto-ec:tenant-id': input.tenantId };
  return [
    allow('SealstreamUnwrapsBranchKeys', [encryptRoleArn, restoreRoleArn, controlRoleArn], 'kms:Decrypt', {
      StringEquals,
    }),
    allow('SealstreamMakesBranchKeys', controlRoleArn, 'kms:GenerateDataKeyWithoutPlaintext', {
      StringEquals,
    }),
    // A new version becomes the active one by ReEncrypt. On this key alone: what left it would outlive its revocation.
    allow('SealstreamVersionsBranchKeys', controlRoleArn, ['kms:ReEncryptFrom', 'kms:ReEncryptTo'], {
      StringEquals,
      Bool: { 'kms:ReEncryptOnSameKey': 'true' },
    }),
  ];
}

/** https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context */
function allow(
  sid: string,
  principal: string | readonly string[],
  action: string | readonly string[],
  condition?: KeyPolicyStatement['Condition'],
): KeyPolicyStatement {
  return {
    Sid: sid,
    Effect: 'Allow',
    Principal: { AWS: principal },
    Action: action,
    Resource: '*',
    ...(condition === undefined ? {} : { Condition: condition }),
  };
}
