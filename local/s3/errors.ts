/** The refusals of S3, each with the code, status and extra members that S3 answers. */
import { AwsError } from '../front/service.ts';

export function noSuchBucket(bucket: string): AwsError {
  return new AwsError('NoSuchBucket', 404, 'The specified bucket does not exist', { BucketName: bucket });
}

export function noSuchKey(key: string): AwsError {
  return new AwsError('NoSuchKey', 404, 'The specified key does not exist.', { Key: key });
}

export function noSuchVersion(key: string, versionId: string): AwsError {
  const members = { Key: key, VersionId: versionId };
  return new AwsError('NoSuchVersion', 404, 'The specified version does not exist.', members);
}

export function noSuchUpload(uploadId: string): AwsError {
  const message =
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.';
  return new AwsError('NoSuchUpload', 404, message, { UploadId: uploadId });
}

export function accessDenied(message = 'Access Denied'): AwsError {
  return new AwsError('AccessDenied', 403, message);
}

export function headersNotSigned(names: readonly string[]): AwsError {
  const message = 'There were headers present in the request which were not signed';
  return new AwsError('AccessDenied', 403, message, { HeadersNotSigned: names.join(', ') });
}

export function signatureDoesNotMatch(
  accessKeyId: string,
  stringToSign: string,
  canonicalRequest: string,
): AwsError {
  const message =
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.';
  return new AwsError('SignatureDoesNotMatch', 403, message, {
    AWSAccessKeyId: accessKeyId,
    StringToSign: stringToSign,
    CanonicalRequest: canonicalRequest,
  });
}

/** Returns the refusal for a condition that did not hold; `condition` is its header, e.g. `If-None-Match`. */
export function preconditionFailed(condition: string): AwsError {
  const message = 'At least one of the pre-conditions you specified did not hold';
  return new AwsError('PreconditionFailed', 412, message, { Condition: condition });
}

/** Returns the refusal for a key that was deleted while its conditional write was under way. The caller may retry. */
export function conditionalRequestConflict(condition: string, key: string): AwsError {
  const message =
    'The conditional request cannot succeed due to a conflicting operation against this resource.';
  return new AwsError('ConditionalRequestConflict', 409, message, { Condition: condition, Key: key });
}

/** Returns the refusal for the header or sub-resource `what`, which the local S3 does not know. */
export function notImplemented(what: string): AwsError {
  const message = 'A header you provided implies functionality that is not implemented';
  return new AwsError('NotImplemented', 501, message, { Header: what });
}

export function invalidArgument(message: string, name: string, value: string): AwsError {
  return new AwsError('InvalidArgument', 400, message, { ArgumentName: name, ArgumentValue: value });
}

export function invalidRequest(message: string): AwsError {
  return new AwsError('InvalidRequest', 400, message);
}

export function invalidObjectState(storageClass: string): AwsError {
  const message = "The operation is not valid for the object's storage class";
  return new AwsError('InvalidObjectState', 403, message, { StorageClass: storageClass });
}

export function malformedXml(): AwsError {
  const message = 'The XML you provided was not well-formed or did not validate against our published schema';
  return new AwsError('MalformedXML', 400, message);
}

export function methodNotAllowed(method: string, resourceType: string): AwsError {
  const message = 'The specified method is not allowed against this resource.';
  return new AwsError('MethodNotAllowed', 405, message, { Method: method, ResourceType: resourceType });
}

export function badDigest(what: string): AwsError {
  return new AwsError('BadDigest', 400, `The ${what} you specified did not match the calculated checksum.`);
}

export function incompleteBody(): AwsError {
  const message = 'You did not provide the number of bytes specified by the Content-Length HTTP header.';
  return new AwsError('IncompleteBody', 400, message);
}

export function entityTooLarge(maxBytes: number): AwsError {
  const message = 'Your proposed upload exceeds the maximum allowed size';
  return new AwsError('EntityTooLarge', 400, message, { MaxSizeAllowed: maxBytes });
}
