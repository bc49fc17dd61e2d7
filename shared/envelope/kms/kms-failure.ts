/**
 * Tells for an exception of KMS what happens to the work: the tenant refused the key (park), or KMS was out of reach
 * (retry). Denied is not unreachable: an outage is never taken for a revocation.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html#API_GenerateDataKey_Errors
 */
import type { KmsOperation } from '../../ports/kms.ts';
import {
  AuthenticationFailedError,
  KmsUnavailableError,
  SealstreamError,
  TenantKeyDeniedError,
  TenantKeyMisconfiguredError,
  TenantKeyUnusableError,
} from '../../errors.ts';
import type { Kek } from './kek.ts';

/**
 * Exceptions about the request, which any key would have caused: a parameter that this region's KMS does not know, a
 * value that it does not accept. They say nothing about the key, so they are never taken for a refusal.
 * https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
 */
const ABOUT_THE_REQUEST: ReadonlySet<string> = new Set([
  'ValidationException',
  'ValidationError',
  'SerializationException',
  'UnsupportedOperationException',
  'UnknownOperationException',
  'NotImplemented',
]);

/** True when KMS refused the request, and said nothing about the key. */
export function isAboutTheRequest(cause: unknown): boolean {
  return cause instanceof Error && ABOUT_THE_REQUEST.has(cause.name);
}

/**
 * Returns the Sealstream error for an exception of KMS. An error of ours is returned as it is. An unknown exception is
 * an outage: retried, never taken for a refusal.
 */
export function kmsFailure(
  cause: unknown,
  kek: Pick<Kek, 'tenantId' | 'arn'> & Partial<Pick<Kek, 'customKeyStore'>>,
  operation: KmsOperation,
): SealstreamError {
  if (cause instanceof SealstreamError) return cause;
  const name = cause instanceof Error ? cause.name : 'unknown failure';
  const options = { cause, kekArn: kek.arn };
  const where = `tenant ${kek.tenantId}, key ${kek.arn}: ${operation} answered ${name}`;
  switch (name) {
    case 'AccessDeniedException':
      return new TenantKeyDeniedError(
        `${where}; the tenant's key policy must allow our role ${operation} under its own tenant-id`,
        options,
      );
    case 'KMSInvalidStateException':
      // KMS also answers this when it cannot reach the store. An event or a probe tells of a deletion of such a key.
      if (kek.customKeyStore === true)
        return new KmsUnavailableError(`${where}; we ask its key store again`, { cause });
      return new TenantKeyUnusableError(
        `${where}; the tenant must enable the key (or cancel its deletion)`,
        options,
      );
    case 'DisabledException':
      return new TenantKeyUnusableError(`${where}; the tenant must enable the key`, options);
    case 'NotFoundException':
      return new TenantKeyUnusableError(
        `${where}; the key does not exist there, or no longer: give the tenant another key by change-key`,
        options,
      );
    case 'InvalidKeyUsageException':
    case 'InvalidArnException':
      return new TenantKeyMisconfiguredError(`${where}; a symmetric ENCRYPT_DECRYPT key is needed`, options);
    case 'InvalidCiphertextException':
    case 'IncorrectKeyException':
      return new AuthenticationFailedError(`tenant ${kek.tenantId}: a message does not verify`, { cause });
    default:
      return new KmsUnavailableError(
        isAboutTheRequest(cause)
          ? `${where}, which is about our request and says nothing about the key; retried with backoff`
          : `${where}; retried with backoff`,
        { cause },
      );
  }
}
