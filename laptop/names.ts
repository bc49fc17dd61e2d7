/** The names of the stack on a laptop: stage `local` of serverless.yml, in the ISV's account. */
export const ISV_ACCOUNT = '000000000000';
export const REGION = 'us-east-1';
export const INGEST_BUCKET = 'sealstream-local-ingest';
export const VAULT_BUCKET = 'sealstream-local-vault';
export const RESTORE_BUCKET = 'sealstream-local-restore';
export const STATE_TABLE = 'sealstream-local-state';
export const KEY_STORE_TABLE = 'sealstream-local-key-store';
export const ENCRYPT_ROLE = 'sealstream-local-encrypt';
export const RESTORE_ROLE = 'sealstream-local-restore';
export const CONTROL_ROLE = 'sealstream-local-control';
/** The ARNs of our roles, as the tenants' key policies name them. */
export const ROLE_ARNS: Readonly<Record<`${'encrypt' | 'restore' | 'control'}RoleArn`, string>> = {
  encryptRoleArn: `arn:aws:iam::${ISV_ACCOUNT}:role/${ENCRYPT_ROLE}`,
  restoreRoleArn: `arn:aws:iam::${ISV_ACCOUNT}:role/${RESTORE_ROLE}`,
  controlRoleArn: `arn:aws:iam::${ISV_ACCOUNT}:role/${CONTROL_ROLE}`,
};
const EVENT_BUS = 'sealstream-local';
export const EVENT_BUS_ARN: string = `arn:aws:events:${REGION}:${ISV_ACCOUNT}:event-bus/${EVENT_BUS}`;

export function functionName(name: string): string {
  return `sealstream-local-${name}`;
}
