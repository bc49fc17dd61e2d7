/** The ways in which we use a tenant's key. One statement of the key policy grants each. */
import { keyGrant, type KeyPolicyStatement } from '../handover/key-policy.ts';
import { type EncryptionContext, FORMAT } from '../object/context.ts';
import type { KmsOperation } from '../ports/kms.ts';
import type { Fix } from './finding.ts';
import type { CandidateKey } from './named-key.ts';

/** One way of using a key, and the statement that grants it. */
export interface Use {
  readonly operation: KmsOperation;
  readonly sid: string;
  /** The name in the encryption context under which the condition of the key policy finds the tenant's id. */
  readonly idName: 'tenant-id' | 'aws-crypto-ec:tenant-id';
  /** True when the operation makes a key. The others only open what was made. */
  readonly makes: boolean;
  /** The roles of the data path that use the key so. The control role only tries it. */
  readonly usedBy: readonly ('encryptRoleArn' | 'restoreRoleArn')[];
}

export const MESSAGE_USES: readonly Use[] = [
  {
    operation: 'kms:GenerateDataKey',
    sid: 'SealstreamEncrypts',
    idName: 'tenant-id',
    makes: true,
    usedBy: ['encryptRoleArn'],
  },
  {
    operation: 'kms:Decrypt',
    sid: 'SealstreamRestores',
    idName: 'tenant-id',
    makes: false,
    usedBy: ['restoreRoleArn'],
  },
];

const idName = 'aws-crypto-ec:tenant-id';
export const BRANCH_KEY_USES: readonly Use[] = [
  {
    operation: 'kms:Decrypt',
    sid: 'SealstreamUnwrapsBranchKeys',
    idName,
    makes: false,
    usedBy: ['encryptRoleArn', 'restoreRoleArn'],
  },
  {
    operation: 'kms:GenerateDataKeyWithoutPlaintext',
    sid: 'SealstreamMakesBranchKeys',
    idName,
    makes: true,
    usedBy: [],
  },
  { operation: 'kms:ReEncrypt', sid: 'SealstreamVersionsBranchKeys', idName, makes: true, usedBy: [] },
];

/** Returns the advice to add that statement to the key policy, with the statement. */
export function statementOf(sid: string, { candidate, ourselves }: CandidateKey): Fix {
  const { encryptRoleArn, restoreRoleArn, controlRoleArn } = ourselves.isv;
  const { tenantId } = candidate;
  const keyModes = ['per-chunk', 'hierarchical'] as const;
  const statements = keyGrant({ tenantId, keyModes, encryptRoleArn, restoreRoleArn, controlRoleArn });
  const statement = statements.find(({ Sid }: KeyPolicyStatement) => Sid === sid);
  return { fix: `add the statement ${sid} to the key policy, exactly as it is rendered`, statement };
}

/** Returns the encryption context of a dry run under a tenant's id. */
export function contextOf({ idName: name }: Use, tenantId: string): EncryptionContext {
  return { [name]: tenantId, purpose: 'probe', format: FORMAT };
}
