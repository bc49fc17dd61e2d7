/**
 * How KMS says no. On the wire every refusal of the caller is HTTP 400, as the API reference lists it; the `httpError`
 * numbers of the SDK's model (404 for NotFoundException, 409 for DisabledException, …) never appear there.
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

/** For what AWS can do and this KMS does not. */
export function notImplemented(what: string): AwsError {
  return new AwsError('NotImplemented', 501, `The local KMS does not implement ${what}`);
}

/** Ends a dry run. Precondition: everything that could have refused the real call has been checked. */
export function endDryRun(dryRun: boolean | undefined): void {
  if (dryRun === true)
    throw kmsError(
      'DryRunOperationException',
      'The request would have succeeded, but the DryRun option is set.',
    );
}
