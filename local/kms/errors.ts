/**
 * The refusals of KMS. Every refusal of the caller is HTTP 400 on the wire, as the API reference lists it. The
 * `httpError` numbers in the SDK's model (404 for NotFoundException, 409 for DisabledException) do not appear
 * there.
 */
import { AwsError } from '../front/service.ts';

export type KmsErrorCode =
  | 'AccessDeniedException'
  | 'AlreadyExistsException'
  | 'DisabledException'
  | 'DryRunOperationException'
  | 'ExpiredImportTokenException'
  | 'IncorrectKeyException'
  | 'IncorrectKeyMaterialException'
  | 'InvalidAliasNameException'
  | 'InvalidArnException'
  | 'InvalidCiphertextException'
  | 'InvalidGrantIdException'
  | 'InvalidGrantTokenException'
  | 'InvalidImportTokenException'
  | 'InvalidKeyUsageException'
  | 'InvalidMarkerException'
  | 'KMSInvalidStateException'
  | 'LimitExceededException'
  | 'MalformedPolicyDocumentException'
  | 'NotFoundException'
  | 'SerializationException'
  | 'TagException'
  | 'UnsupportedOperationException'
  | 'ValidationException';

export function kmsError(code: KmsErrorCode, message: string): AwsError {
  return new AwsError(code, 400, message);
}

/** Returns the refusal of what AWS can do and this KMS cannot. */
export function notImplemented(what: string): AwsError {
  return new AwsError('NotImplemented', 501, `The local KMS does not implement ${what}`);
}

/**
 * Ends a dry run. Precondition: every check that could refuse the real call has passed.
 * @throws DryRunOperationException for a dry run
 */
export function endDryRun(dryRun: boolean | undefined): void {
  if (dryRun === true)
    throw kmsError(
      'DryRunOperationException',
      'The request would have succeeded, but the DryRun option is set.',
    );
}
