/** Makes events about KMS keys, in the shape that CloudTrail and KMS give them. */
import type { Tenant } from '../../shared/tenant/tenant.ts';

export interface KeyEventInput {
  readonly version: '0';
  readonly id: string;
  readonly source: string;
  readonly 'detail-type': string;
  readonly account: string;
  readonly region: string;
  readonly time: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

type Key = Pick<Tenant, 'kekArn'>;

/** Makes the event by which CloudTrail tells of a tenant's call on its KEK. `at`: ISO 8601, whole seconds. */
export function callEvent(eventName: string, at: string, key: Key): KeyEventInput {
  const event = nativeEvent('AWS API Call via CloudTrail', at, key);
  const detail = {
    eventVersion: '1.11',
    eventTime: at,
    eventSource: 'kms.amazonaws.com',
    eventName,
    awsRegion: event.region,
    requestParameters: { keyId: event.detail['key-id'] },
    responseElements: { keyId: key.kekArn },
    resources: [{ accountId: event.account, type: 'AWS::KMS::Key', ARN: key.kekArn }],
    eventType: 'AwsApiCall',
    recipientAccountId: event.account,
  };
  return { ...event, resources: [], detail };
}

/** Makes the event by which KMS itself tells of a key. */
export function nativeEvent(detailType: string, time: string, { kekArn }: Key): KeyEventInput {
  const [, , , region = '', account = '', key = ''] = kekArn.split(':');
  return {
    version: '0',
    id: '0f3c3f6e-4b60-4c1e-9f0a-6f5f7d1f8a21',
    source: 'aws.kms',
    'detail-type': detailType,
    account,
    region,
    time,
    resources: [kekArn],
    detail: { 'key-id': key.replace('key/', '') },
  };
}
