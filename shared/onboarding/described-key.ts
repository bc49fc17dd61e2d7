/** What KMS says of a key when it is asked: that it is there, of which kind, in which state, from where. */
import type { ControlPlaneKms, KeyDescription } from '../ports/kms.ts';
import { kmsFailure } from '../envelope/kms/kms-failure.ts';
import { KmsUnavailableError, TenantKeyDeniedError } from '../errors.ts';
import { failed, type Finding, type Fix, passed, warned } from './finding.ts';
import type { Candidate } from './named-key.ts';

export interface Described {
  readonly findings: readonly Finding[];
  /** Whether the key is such that what it grants can be asked. */
  readonly isAskable: boolean;
  readonly customKeyStore: boolean;
}

/** @throws KmsUnavailableError */
export async function checkDescription(
  kekArn: string,
  candidate: Candidate,
  kms: Pick<ControlPlaneKms, 'describe'>,
  watching: Fix,
): Promise<Described> {
  let facts: KeyDescription;
  try {
    facts = await kms.describe(kekArn);
  } catch (cause) {
    return undescribed(kekArn, candidate, cause, watching);
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

/** A key that may not be described is asked all the same: the tenant hears of everything that is missing at once. */
function undescribed(kekArn: string, { tenantId }: Candidate, cause: unknown, watching: Fix): Described {
  const failure = kmsFailure(cause, { tenantId, arn: kekArn }, 'kms:DescribeKey');
  if (failure instanceof KmsUnavailableError) throw failure;
  const isDenied = failure instanceof TenantKeyDeniedError;
  const finding = isDenied
    ? failed('key-exists', `${kekArn} does not let us describe it, or does not exist`, watching)
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
    ? passed('key-type', `${kekArn} is symmetric and encrypts`)
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
  ['Unavailable', 'reconnect the custom key store that it is in: aws kms connect-custom-key-store'],
]);

function checkState(kekArn: string, { state }: KeyDescription): Finding {
  if (state === 'Enabled') return passed('key-state', `${kekArn} is enabled`);
  const fix = STATE_FIXES.get(state) ?? 'wait until its state is Enabled, then check again';
  return failed('key-state', `the state of ${kekArn} is ${state}`, fix);
}

/** Where the material is not made and kept by KMS, somebody has to keep it alive. */
function checkMaterial(kekArn: string, { origin, validTo }: KeyDescription): readonly Finding[] {
  if (validTo !== undefined)
    return [
      warned(
        'key-material',
        `the imported key material of ${kekArn} expires at ${validTo.toISOString()}: from then on nothing opens`,
        'import it again before, or import it without an expiry',
      ),
    ];
  return [passed('key-material', `the key material of ${kekArn} is of origin ${origin} and does not expire`)];
}

/** A replica that its key does not know is none; replicas we are not told of are never asked for. */
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
