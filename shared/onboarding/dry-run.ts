/** Asks a key, by dry runs, what it lets us do. */
import type { ControlPlaneKms, KmsOperation, Trial } from '../ports/kms.ts';
import type { EncryptionContext } from '../object/context.ts';
import { kmsFailure, isAboutTheRequest } from '../envelope/kms/kms-failure.ts';
import { errorOf, KmsUnavailableError } from '../errors.ts';
import { probeTimeout } from '../revocation/probe-ciphertext.ts';
import type { CandidateKey } from './named-key.ts';

/** Resolves when a key would let us do it; throws what KMS throws. */
export type TryOperation = (operation: KmsOperation, context?: EncryptionContext) => Promise<void>;

/** A key whose grant is checked. */
export interface GrantCheck extends CandidateKey {
  readonly tryOperation: TryOperation;
  /** True when another tenant holds the key too. */
  readonly isShared: boolean;
}

/**
 * Returns the reason why the key refuses the operation, or undefined when it would let us do it.
 * @throws KmsUnavailableError
 */
export async function refusalOf(
  { kekArn, candidate, tryOperation }: GrantCheck,
  operation: KmsOperation,
  context?: EncryptionContext,
): Promise<Error | undefined> {
  try {
    await tryOperation(operation, context);
    return undefined;
  } catch (cause) {
    const failure = kmsFailure(cause, { tenantId: candidate.tenantId, arn: kekArn }, operation);
    if (failure instanceof KmsUnavailableError) throw failure;
    return failure;
  }
}

/** The operations that take a ciphertext. */
const OPENING: ReadonlySet<KmsOperation> = new Set(['kms:Decrypt', 'kms:ReEncrypt']);

/**
 * Returns the function that tries operations on one key. An operation that takes a ciphertext is tried without one
 * first. Not every region's KMS accepts that; there it is tried again with a ciphertext of the key, which is made once.
 */
export function trialsOf(
  { kekArn, ourselves }: Pick<CandidateKey, 'kekArn' | 'ourselves'>,
  kms: ControlPlaneKms,
): TryOperation {
  let made: Uint8Array | undefined;

  async function ciphertextUnder(context: EncryptionContext): Promise<Uint8Array> {
    const operation = 'tenant-id' in context ? 'kms:GenerateDataKey' : 'kms:GenerateDataKeyWithoutPlaintext';
    made ??= await kms.makeCiphertext({ operation, kekArn, context }, probeTimeout());
    return made;
  }

  return async (operation, context = {}) => {
    const trial: Trial = { operation, kekArn, context, granteeArn: ourselves.isv.controlRoleArn };
    const failure = await refusalBy(kms, trial);
    if (failure === undefined) return;
    if (!OPENING.has(operation) || !isAboutTheRequest(failure)) throw failure;
    const again = await refusalBy(kms, { ...trial, ciphertext: await ciphertextUnder(context) });
    if (again !== undefined) throw again;
  };
}

/** Returns what KMS threw, unless that shows that the caller was let in. */
async function refusalBy(kms: ControlPlaneKms, trial: Trial): Promise<Error | undefined> {
  const failure = await kms.tryOperation(trial).then(() => undefined, errorOf);
  return isLetIn(failure) ? undefined : failure;
}

/**
 * True when the failure shows that KMS let the caller in, because only then it looks at the ciphertext. A ciphertext of
 * another context is no refusal.
 */
function isLetIn(failure: Error | undefined): boolean {
  return failure?.name === 'InvalidCiphertextException';
}
