/** Checks a key by what DescribeKey says of it: that it exists, its type, its state and its material. */
import type { ControlPlaneKms, KeyDescription } from '../ports/kms.ts';
import { kmsFailure } from '../envelope/kms/kms-failure.ts';
import { KmsUnavailableError, TenantKeyDeniedError } from '../errors.ts';
import { failed, type Finding, passed, warned } from './finding.ts';
import { statementOf } from './key-uses.ts';
import type { Candidate, CandidateKey } from './named-key.ts';

export interface Described {
  readonly findings: readonly Finding[];
  /** True when dry runs can tell what the key grants. */
  readonly isAskable: boolean;
  readonly customKeyStore: boolean;
}

/** @throws KmsUnavailableError */
export async function checkDescription(
  key: CandidateKey,
  kms: Pick<ControlPlaneKms, 'describe'>,
): Promise<Described> {
  const { kekArn, candidate } = key;
  let facts: KeyDescription;
  try {
    facts = await kms.describe(kekArn);
  } catch (cause) {
    return judgeUndescribed(key, cause);
  }
  const [type, state] = [checkType(kekArn, facts), checkState(kekArn, facts)];
  return {
    findings: [
      passed('key-exists', `${kekArn} exists`),
      type,
      state,
      ...checkMaterial(kekArn, facts),
      ...checkSet(kekArn, facts, candidate),
    ],
    isAskable: type.ok && state.ok,
    customKeyStore: facts.customKeyStore,
  };
}

/**
 * Returns the finding about a key that we may not describe. Dry runs are tried all the same, so that the tenant learns
 * at once everything that is missing.
 */
function judgeUndescribed(key: CandidateKey, cause: unknown): Described {
  const { kekArn, candidate } = key;
  const failure = kmsFailure(cause, { tenantId: candidate.tenantId, arn: kekArn }, 'kms:DescribeKey');
  if (failure instanceof KmsUnavailableError) throw failure;
  const isDenied = failure instanceof TenantKeyDeniedError;
  const finding = isDenied
    ? failed(
        'key-exists',
        `${kekArn} does not let us describe it, or does not exist`,
        statementOf('SealstreamWatches', key),
      )
    : failed('key-exists', `${kekArn} does not exist`, 'name a key that exists, in the region its ARN says');
  return { findings: [finding], isAskable: isDenied, customKeyStore: false };
}

function checkType(kekArn: string, { spec, usage }: KeyDescription): Finding {
  const fix =
    'make a new key with KeySpec SYMMETRIC_DEFAULT and KeyUsage ENCRYPT_DECRYPT: neither can be changed';
  if (usage === 'GENERATE_VERIFY_MAC')
    return failed('key-type', `${kekArn} is an HMAC key (${spec}): it cannot encrypt`, fix);
  if (spec !== 'SYMMETRIC_DEFAULT')
    return failed('key-type', `${kekArn} is asymmetric (${spec}, ${usage}): it makes no data keys`, fix);
  return usage === 'ENCRYPT_DECRYPT'
    ? passed('key-type', `${kekArn} is a symmetric key for encryption`)
    : failed('key-type', `${kekArn} is for ${usage}, not for encryption`, fix);
}

/** https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html */
const STATE_FIXES: ReadonlyMap<string, string> = new Map([
  ['Disabled', 'enable it: aws kms enable-key'],
  ['PendingDeletion', 'cancel its deletion and enable it: aws kms cancel-key-deletion, then enable-key'],
  [
    'PendingReplicaDeletion',
    'cancel its deletion and enable it: aws kms cancel-key-deletion, then enable-key',
  ],
  ['PendingImport', 'import its key material: aws kms get-parameters-for-import, then import-key-material'],
  ['Unavailable', 'reconnect its custom key store: aws kms connect-custom-key-store'],
]);

function checkState(kekArn: string, { state }: KeyDescription): Finding {
  if (state === 'Enabled') return passed('key-state', `${kekArn} is enabled`);
  const fix = STATE_FIXES.get(state) ?? 'wait until its state is Enabled, then check again';
  return failed('key-state', `the state of ${kekArn} is ${state}`, fix);
}

/** Checks when the material expires. Imported material that expires has to be imported again in time. */
function checkMaterial(kekArn: string, { origin, validTo }: KeyDescription): readonly Finding[] {
  if (validTo !== undefined)
    return [
      warned(
        'key-material',
        `the imported key material of ${kekArn} expires at ${validTo.toISOString()}: from then on nothing can be decrypted`,
        'import it again before that time, or import it without an expiry',
      ),
    ];
  return [passed('key-material', `the key material of ${kekArn} is of origin ${origin} and does not expire`)];
}

/** Checks that KMS knows each replica that the tenant names. A replica that the tenant does not name is never used. */
function checkSet(
  kekArn: string,
  facts: KeyDescription,
  { kekArn: keyArn, replicaArns }: Candidate,
): readonly Finding[] {
  if (kekArn !== keyArn || replicaArns.length === 0) return [];
  const unknown = replicaArns.filter((arn) => !facts.relatedArns.includes(arn));
  if (facts.multiRegion && unknown.length === 0)
    return [passed('multi-region', `${kekArn} and its replicas are one multi-Region key`)];
  return [
    failed(
      'multi-region',
      `${kekArn} has no replica ${unknown.join(', ')}`,
      'replicate the key there first: aws kms replicate-key; a key that is not multi-Region cannot become so',
    ),
  ];
}
