/** Typical answers of the functions. */
import type { FoundAnswer, JudgedAnswer } from '../../../cli/tenant/answers.ts';
import type { Removal } from '../../../shared/tenant/removal.ts';
import { type Tenant, tenantSchema } from '../../../shared/tenant/tenant.ts';
import { tenantIdSchema } from '../../../shared/tenant/tenant-id.ts';

export const KEK_ARN = 'arn:aws:kms:eu-central-1:111111111111:key/mrk-1';
export const REPLICA_ARN = 'arn:aws:kms:eu-west-1:111111111111:key/mrk-1';

const tenantId = tenantIdSchema.parse('acme');

export function tenant(change: object = {}): Tenant {
  const signal = { name: 'registered', at: '2026-01-01T00:00:00.000Z' };
  return tenantSchema.parse({ tenantId, kekArn: KEK_ARN, status: 'active', epoch: 3, signal, ...change });
}

export const PASSED: FoundAnswer = {
  check: 'key-state',
  ok: true,
  severity: 'error',
  message: `${KEK_ARN} is enabled`,
};

const DENIED_STATEMENT = { Sid: 'SealstreamRestores', Effect: 'Allow', Action: 'kms:Decrypt' };

export const DENIED: FoundAnswer = {
  check: 'grant',
  ok: false,
  severity: 'error',
  message: `${KEK_ARN} does not grant kms:Decrypt`,
  fix: 'add the statement SealstreamRestores',
  statement: DENIED_STATEMENT,
};

export const UNHEARD: FoundAnswer = {
  check: 'events',
  ok: false,
  severity: 'warning',
  message: 'no event has reached us yet',
  fix: 'run aws kms tag-resource',
};

export function judged(status: string, ...findings: JudgedAnswer['findings']): JudgedAnswer {
  return { tenantId, status, findings };
}

export function removal(change: Partial<Removal> = {}): Removal {
  return {
    tenantId,
    signedOffBy: 'Ada',
    startedAt: '2026-01-01T00:00:00.000Z',
    step: 'drain',
    drain: true,
    deleteCiphertext: false,
    shredBranchKeys: false,
    kekArns: [KEK_ARN],
    branchKeyIds: [],
    branchKeyRowsDeleted: 0,
    ciphertextVersionsDeleted: 0,
    jobsLeftParked: 0,
    uploadsLeft: 0,
    ...change,
  };
}
