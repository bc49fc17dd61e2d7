/** Whether a key would let us do something, asked without doing it. */
import type { KmsOperation, TryOperation } from '../ports/kms.ts';
import type { EncryptionContext } from '../object/context.ts';
import { kmsFailure } from '../envelope/kms/kms-failure.ts';
import { KmsUnavailableError } from '../errors.ts';
import type { Candidate } from './named-key.ts';
import type { Ourselves } from './ourselves.ts';

export interface GrantPorts {
  readonly tryOperation: TryOperation;
  readonly ourselves: Ourselves;
  /** Whether the key is another tenant's as well. */
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
    await ports.tryOperation(operation, kekArn, context);
    return undefined;
  } catch (cause) {
    const failure = kmsFailure(cause, { tenantId: candidate.tenantId, arn: kekArn }, operation);
    if (failure instanceof KmsUnavailableError) throw failure;
    return failure;
  }
}
