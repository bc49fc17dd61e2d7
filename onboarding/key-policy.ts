/**
 * The key policy of a tenant's KEK: the tenant's account keeps the key, our two data-path roles may use it, each for
 * its one operation, and only under the tenant's own id. That condition is what stops one tenant from registering
 * another's key. The control role may do both, because the DryRun that probes the key needs the permission of what
 * it probes; it has no way to the vault.
 */
export interface KeyPolicyInput {
  readonly tenantId: string;
  /** The account that owns the key. */
  readonly tenantAccountId: string;
  /** The role of the `encrypt` function: `arn:aws:iam::{our account}:role/sealstream-{stage}-encrypt`. */
  readonly encryptRoleArn: string;
  /** The role of the `restore` function. */
  readonly restoreRoleArn: string;
  /** The role of the control plane: `revoke` and `watch`. */
  readonly controlRoleArn: string;
}

export interface KeyPolicy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly object[];
}

/** https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context */
export function keyPolicy(input: KeyPolicyInput): KeyPolicy {
  const { tenantId, tenantAccountId, encryptRoleArn, restoreRoleArn, controlRoleArn } = input;
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'TheTenantKeepsItsKey',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${tenantAccountId}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
      useStatement('SealstreamEncrypts', [encryptRoleArn, controlRoleArn], 'kms:GenerateDataKey', tenantId),
      useStatement('SealstreamRestores', [restoreRoleArn, controlRoleArn], 'kms:Decrypt', tenantId),
      {
        Sid: 'SealstreamWatches',
        Effect: 'Allow',
        Principal: { AWS: controlRoleArn },
        Action: 'kms:DescribeKey',
        Resource: '*',
      },
    ],
  };
}

function useStatement(sid: string, roleArns: readonly string[], action: string, tenantId: string): object {
  return {
    Sid: sid,
    Effect: 'Allow',
    Principal: { AWS: roleArns },
    Action: action,
    Resource: '*',
    Condition: { StringEquals: { 'kms:EncryptionContext:tenant-id': tenantId } },
  };
}
