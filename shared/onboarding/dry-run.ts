/** Asks a key, by dry runs, what it lets us do. */
import type { ControlPlaneKms, KmsOperation, Trial } from '../ports/kms.ts';
import type { EncryptionContext } from '../object/context.ts';
import { kmsFailure, saysNothing } from '../envelope/kms/kms-failure.ts';
import { errorOf, KmsUnavailableError } from '../errors.ts';
import { probeTimeout } from '../revocation/probe-ciphertext.ts';
import type { Candidate } from './named-key.ts';
import type { Ourselves } from '../handover/input.ts';

/** Resolves when a key would let us do it; throws what KMS throws. */
export type TryOperation = (operation: KmsOperation, context?: EncryptionContext) => Promise<void>;

export interface GrantPorts {
  readonly tryOperation: TryOperation;
  readonly ourselves: Ourselves;
  /** True when the key is another tenant's as well. */
  readonly isShared: boolean;
}

export interface Asked {
  readonly kekArn: string;
  readonly candidate: Candidate;
  readonly ports: GrantPorts;
}

/**
 * Undefined when it would have worked.
 * @throws KmsUnavailableError
 */
export async function refusalOf(
  { kekArn, candidate, ports }: Asked,
  operation: KmsOperation,
  context?: EncryptionContext,
): Promise<Error | undefined> {
  try {
    await ports.tryOperation(operation, context);
    return undefined;
  } catch (cause) {
    const failure = kmsFailure(cause, { tenantId: candidate.tenantId, arn: kekArn }, operation);
    if (failure instanceof KmsUnavailableError) throw failure;
    return failure;
  }
}

/** The operations that a ciphertext is given to. */
const OPENING: ReadonlySet<KmsOperation> = new Set(['kms:Decrypt', 'kms:ReEncrypt']);

/**
 * Tries operations on one key. An opening operation is tried without a ciphertext first. Not every region's KMS can be
 * asked so; there it is tried again with a ciphertext of the key, which is made once.
 */
export function trialsOf(kekArn: string, kms: ControlPlaneKms, granteeArn: string): TryOperation {
  let made: Uint8Array | undefined;

  async function ciphertextUnder(context: EncryptionContext): Promise<Uint8Array> {
    const operation = 'tenant-id' in context ? 'kms:GenerateDataKey' : 'kms:GenerateDataKeyWithoutPlaintext';
    made ??= await kms.makeCiphertext({ operation, kekArn, context }, probeTimeout());
    return made;
  }

  return async (operation, context = {}) => {
    const trial: Trial = { operation, kekArn, context, granteeArn };
    const failure = await refusalBy(kms, trial);
    if (failure === undefined) return;
    if (!OPENING.has(operation) || !saysNothing(failure)) throw failure;
    const again = await refusalBy(kms, { ...trial, ciphertext: await ciphertextUnder(context) });
    if (again !== undefined) throw again;
  };
}

/** Returns what KMS threw, unless that shows that the caller was let in. */
async function refusalBy(kms: ControlPlaneKms, trial: Trial): Promise<Error | undefined> {
  const failure = await kms.tryOperation(trial).then(() => undefined, errorOf);
  return isLetIn(failure) ? undefined : failure;
}

/** KMS looks at a ciphertext only once it has let the caller in. A ciphertext of another context is no refusal. */
function isLetIn(failure: Error | undefined): boolean {
  return failure?.name === 'InvalidCiphertextException';
}
