/**
 * The branch keys of a function that makes them. They are made here and not in aws-ports.ts, because the Encryption SDK
 * requires all of the DynamoDB client, which then is in the bundle of every function that imports the file.
 */
import { type BranchKeys, branchKeys } from '../envelope/kms/branch-keys.ts';
import type { Ports } from './ports.ts';

export type BranchKeyPorts = Pick<Ports, 'keyStore' | 'kmsFor'>;

export function branchKeyMaker({ keyStore, kmsFor }: BranchKeyPorts): BranchKeys {
  return branchKeys({ table: keyStore, kmsFor });
}
