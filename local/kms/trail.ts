/** The events of CloudTrail about calls, as it sends them to EventBridge, and the events that KMS sends by itself. */
import { randomUUID } from 'node:crypto';
import type { AwsEvent, Caller } from '../front/service.ts';
import { lowerFirst } from './input.ts';
import type { KmsKey } from './key.ts';
import type { CallNote, Input } from './operation.ts';

export interface TrailedCall {
  readonly operation: string;
  readonly input: Input;
  readonly caller: Caller;
  readonly note: CallNote;
  readonly timeMs: number;
  readonly answer?: object | undefined;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

/** Returns the event of a write. A successful write is logged in the key's account, a refused one in the caller's. */
export function callEvent(call: TrailedCall): AwsEvent {
  const { caller, note, error } = call;
  const account = error === undefined ? note.key?.accountId : undefined;
  const recipient = account ?? caller.principal.accountId;
  return event('AWS API Call via CloudTrail', recipient, caller.region, call.timeMs, {
    userIdentity: userIdentity(caller, recipient),
    eventName: call.operation,
    sourceIPAddress: '127.0.0.1',
    userAgent: caller.userAgent,
    ...(error === undefined ? {} : { errorCode: error.code, errorMessage: error.message }),
    requestParameters: requestParameters(call.input),
    responseElements: error === undefined ? responseElements(call) : null,
    requestID: caller.requestId,
    resources: resourcesOf(note),
    eventType: 'AwsApiCall',
  });
}

/** Returns the event of what KMS did by itself: `DeleteKey`, `DeleteExpiredKeyMaterial`, `RotateKey`. */
export function serviceEvent(eventName: string, key: KmsKey, timeMs: number): AwsEvent {
  return event('AWS Service Event via CloudTrail', key.accountId, key.region, timeMs, {
    userIdentity: { accountId: key.accountId, invokedBy: 'AWS Internal' },
    eventName,
    sourceIPAddress: 'AWS Internal',
    userAgent: 'AWS Internal',
    requestParameters: null,
    responseElements: null,
    resources: resourcesOf({ key, dryRun: false }),
    eventType: 'AwsServiceEvent',
    serviceEventDetails: { keyId: key.keyId },
  });
}

export type NativeDetailType =
  'KMS Imported Key Material Expiration' | 'KMS CMK Rotation' | 'KMS CMK Deletion';

export function nativeEvent(detailType: NativeDetailType, key: KmsKey, timeMs: number): AwsEvent {
  return {
    source: 'aws.kms',
    'detail-type': detailType,
    account: key.accountId,
    region: key.region,
    time: iso(timeMs),
    resources: [key.arn],
    detail: { 'key-id': key.keyId },
  };
}

function event(
  detailType: string,
  account: string,
  region: string,
  timeMs: number,
  detail: object,
): AwsEvent {
  return {
    source: 'aws.kms',
    'detail-type': detailType,
    account,
    region,
    time: iso(timeMs),
    resources: [],
    detail: {
      eventVersion: '1.11',
      eventTime: iso(timeMs),
      eventSource: 'kms.amazonaws.com',
      awsRegion: region,
      eventID: randomUUID(),
      readOnly: false,
      managementEvent: true,
      recipientAccountId: account,
      eventCategory: 'Management',
      ...detail,
    },
  };
}

/** Returns the caller's identity. The caller of another account is named only by its account and principal id. */
function userIdentity({ principal }: Caller, recipient: string): object {
  const { accountId, arn, roleArn } = principal;
  const session = arn.split('/').at(-1) ?? '';
  const principalId = roleArn === undefined ? accountId : `${roleId(roleArn)}:${session}`;
  if (accountId !== recipient) return { type: 'AWSAccount', principalId, accountId };
  if (roleArn === undefined) return { type: 'Root', principalId, arn, accountId };
  const sessionIssuer = {
    type: 'Role',
    principalId: roleId(roleArn),
    arn: roleArn,
    accountId,
    userName: roleName(roleArn),
  };
  return { type: 'AssumedRole', principalId, arn, accountId, sessionContext: { sessionIssuer } };
}

function roleName(roleArn: string): string {
  return roleArn.split('/').at(-1) ?? '';
}

/** Returns an id in place of the unique id that IAM gives a role. */
function roleId(roleArn: string): string {
  return `AROA${Buffer.from(roleArn).toString('hex').slice(-17).toUpperCase()}`;
}

/** Returns the request in CloudTrail's camel case, without its blobs. */
function requestParameters(input: Input): object {
  const hidden = new Set(['EncryptedKeyMaterial', 'ImportToken', 'GrantTokens', 'GrantToken']);
  const entries = Object.entries(input).filter(([name]) => !hidden.has(name));
  return Object.fromEntries(
    entries.map(([name, value]) => [lowerFirst(name), name === 'Constraints' ? camelCased(value) : value]),
  );
}

function camelCased(value: unknown): object {
  return Object.fromEntries(Object.entries(value ?? {}).map(([name, item]) => [lowerFirst(name), item]));
}

/**
 * Returns the answer. Management events contain the key's ARN even when the operation answers nothing; grant tokens
 * are secret and left out.
 */
function responseElements({ answer = {}, note, operation }: TrailedCall): object | null {
  if (operation === 'GetParametersForImport') return null;
  const elements = camelCased(answer);
  Reflect.deleteProperty(elements, 'grantToken');
  return note.key === undefined ? elements : { ...elements, keyId: note.key.arn };
}

function resourcesOf({ key, aliasArn }: CallNote): readonly object[] {
  if (key === undefined) return [];
  const { accountId, arn } = key;
  return [
    { accountId, type: 'AWS::KMS::Key', ARN: arn },
    ...(aliasArn === undefined ? [] : [{ accountId, type: 'AWS::KMS::Alias', ARN: aliasArn }]),
  ];
}

/** Formats an instant in whole seconds, as CloudTrail does. */
function iso(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}
