/** The branch keys of a function that makes them. */
import { type BranchKeys, branchKeys } from '../envelope/kms/branch-keys.ts';
import type { Ports } from './ports.ts';

export type BranchKeyPorts = Pick<Ports, 'keyStore' | 'kmsFor'>;

export function branchKeyMaker({ keyStore, kmsFor }: BranchKeyPorts): BranchKeys {
  return branchKeys({ table: keyStore, kmsFor });
}
