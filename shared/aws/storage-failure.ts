/**
 * Turns what an SDK client throws into our errors: a mistake of configuration, which somebody has to mend, or else an
 * outage, which passes. The name of the exception tells; S3, SQS and DynamoDB have names of their own for the same.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
import { S3ServiceException } from '@aws-sdk/client-s3';
import { SealstreamError, StorageMisconfiguredError, StorageUnavailableError } from '../errors.ts';

type Advice = (operation: string) => string;

const missing: Advice = () =>
  "it does not exist in this account and region: compare the function's environment variables with the stack";
const denied: Advice = (operation) =>
  `allow the function's role ${operation} on it, in the role's policy and in the resource's own`;
const stranger: Advice = () => "the function's credentials, region or endpoint are not those of this account";
const encrypted: Advice = () =>
  "the KMS key that it is encrypted with does not serve the function's role: enable it and allow the role to use it";

/** The advice by the name of the exception. An exception that is not here is an outage. */
const MISTAKES: ReadonlyMap<string, Advice> = new Map([
  ...named(missing, [
    'NoSuchBucket',
    'InvalidBucketName',
    'QueueDoesNotExist',
    'AWS.SimpleQueueService.NonExistentQueue',
    'InvalidAddress',
    'ResourceNotFoundException',
  ]),
  ...named(denied, [
    'AccessDenied',
    'AccessDeniedException',
    'AllAccessDisabled',
    'AccountProblem',
    'Forbidden',
  ]),
  ...named(stranger, [
    'InvalidAccessKeyId',
    'InvalidClientTokenId',
    'UnrecognizedClientException',
    'CredentialsProviderError',
    'SignatureDoesNotMatch',
    'InvalidSignatureException',
    'IncompleteSignature',
    'IncompleteSignatureException',
    'AuthorizationHeaderMalformed',
    'MissingAuthenticationToken',
    'MissingAuthenticationTokenException',
    'MissingSecurityHeader',
    'InvalidSecurity',
    'InvalidToken',
    'NotSignedUp',
    'OptInRequired',
    'PermanentRedirect',
  ]),
  ...named(encrypted, [
    'KMS.DisabledException',
    'KMS.NotFoundException',
    'KMS.KMSInvalidStateException',
    'KMS.InvalidKeyUsageException',
    'KmsDisabled',
    'KmsNotFound',
    'KmsInvalidState',
    'KmsInvalidKeyUsage',
    'KmsAccessDenied',
    'KmsOptInRequired',
  ]),
]);

const RESOURCES: Readonly<Record<string, string>> = {
  s3: 'the bucket',
  sqs: 'the queue',
  dynamodb: 'the table',
};

/**
 * Runs one call of AWS on `resource`, by default the one resource of that service that the function has, and maps its
 * failure to an error of ours.
 * @throws StorageMisconfiguredError naming operation, resource, exception and what to do
 * @throws StorageUnavailableError naming operation and exception, for every other failure that is not an error of ours
 * already
 */
export async function mapStorageFailure<T>(
  operation: string,
  call: () => Promise<T>,
  resource?: string,
): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof SealstreamError) throw cause;
    const name = exceptionName(cause);
    const advice = MISTAKES.get(name);
    if (advice === undefined) throw new StorageUnavailableError(`${operation} answered ${name}`, { cause });
    const where = resource ?? RESOURCES[operation.split(':', 1)[0] ?? ''] ?? 'the resource';
    throw new StorageMisconfiguredError(`${operation} on ${where} answered ${name}; ${advice(operation)}`, {
      cause,
    });
  }
}

export function exceptionName(cause: unknown): string {
  return cause instanceof Error ? cause.name : 'unknown failure';
}

/** Returns the HTTP status that S3 answered; undefined when there was no answer. */
export function httpStatus(cause: unknown): number | undefined {
  return cause instanceof S3ServiceException ? cause.$metadata.httpStatusCode : undefined;
}

function named(advice: Advice, names: readonly string[]): readonly (readonly [string, Advice])[] {
  return names.map((name) => [name, advice]);
}
