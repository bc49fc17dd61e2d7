/** What the stack is called on a laptop: stage `local` of serverless.yml, in the ISV's account. */
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
export const EVENT_BUS = 'sealstream-local';

export function functionName(name: string): string {
  return `sealstream-local-${name}`;
}
