/**
 * The identity of a caller and the service called, read from the Signature V4 credential. S3 alone verifies the
 * signature, and only on demand. The access key id is the identity: `123456789012` is the root of that account,
 * `123456789012.role-name` is that role.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError, type Principal } from './service.ts';

export interface Credential {
  readonly accessKeyId: string;
  readonly region: string;
  /** The signing name: `s3`, `kms`, `sqs`, `dynamodb`, `events`, `lambda`. */
  readonly service: string;
  readonly securityToken?: string;
}

/** Returns the credential of the Authorization header or of a presigned URL; undefined for an unsigned request. */
export function readCredential(headers: IncomingHttpHeaders, url: URL): Credential | undefined {
  const scope =
    /^AWS4-HMAC-SHA256 .*?Credential=([^,\s]+)/.exec(headers.authorization ?? '')?.[1] ??
    url.searchParams.get('X-Amz-Credential');
  const parts = /^([^/]+)\/\d{8}\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request$/.exec(scope ?? '');
  const [, accessKeyId, region, service] = parts ?? [];
  if (accessKeyId === undefined || region === undefined || service === undefined) return undefined;
  const header = headers['x-amz-security-token'];
  const securityToken =
    (typeof header === 'string' ? header : undefined) ??
    url.searchParams.get('X-Amz-Security-Token') ??
    undefined;
  return { accessKeyId, region, service, securityToken };
}

/**
 * Returns the principal that a credential names.
 * @throws the service's own error for an access key id that names nobody
 */
export function principalOf(credential: Credential): Principal {
  const [, accountId, role] = /^(\d{12})(?:\.([\w+=,.@-]{1,64}))?$/.exec(credential.accessKeyId) ?? [];
  if (accountId === undefined) throw unknownKey(credential.service);
  const session = credential.securityToken;
  if (role === undefined) return { accountId, arn: `arn:aws:iam::${accountId}:root`, session };
  return {
    accountId,
    arn: `arn:aws:sts::${accountId}:assumed-role/${role}/${session ?? 'local'}`,
    roleArn: `arn:aws:iam::${accountId}:role/${role}`,
    session,
  };
}

/** Returns the error that `service` answers to a request without a credential. */
export function missingCredential(service: string): AwsError {
  return service === 's3'
    ? new AwsError('AccessDenied', 403, 'Access Denied')
    : new AwsError('MissingAuthenticationTokenException', 400, 'Request is missing Authentication Token');
}

function unknownKey(service: string): AwsError {
  if (service === 's3') {
    const message = 'The AWS Access Key Id you provided does not exist in our records.';
    return new AwsError('InvalidAccessKeyId', 403, message);
  }
  const message = 'The security token included in the request is invalid.';
  return service === 'sqs'
    ? new AwsError('InvalidClientTokenId', 403, message)
    : new AwsError('UnrecognizedClientException', 400, message);
}
