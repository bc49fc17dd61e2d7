/**
 * Makes events that a stranger sends about a tenant's key, or that say nothing about it. None of them may change
 * anything.
 */
import type { AwsEvent } from '../../../local/front/service.ts';

/**
 * The kind of a forgery. `account`: another account claims to have disabled the key. `source`: the event does not come from
 * KMS. `refused`: it tells of a call that KMS refused. `alias`: it names no key at all.
 */
export type Forgery = 'account' | 'source' | 'refused' | 'alias';

const STRANGER = '999999999999';

export function forged(keyArn: string, how: Forgery): AwsEvent {
  const [, , , region = '', owner = ''] = keyArn.split(':');
  const account = how === 'account' ? STRANGER : owner;
  const time = new Date().toISOString();
  const named = how === 'alias' ? 'alias/sealstream' : keyArn;
  return {
    source: how === 'source' ? 'custom.kms' : 'aws.kms',
    'detail-type': 'AWS API Call via CloudTrail',
    account,
    region,
    time,
    resources: [],
    detail: {
      eventTime: time,
      eventSource: 'kms.amazonaws.com',
      eventName: 'DisableKey',
      awsRegion: region,
      recipientAccountId: account,
      requestParameters: { keyId: named },
      resources: how === 'alias' ? [] : [{ accountId: owner, type: 'AWS::KMS::Key', ARN: keyArn }],
      ...(how === 'refused' ? { errorCode: 'AccessDeniedException' } : {}),
    },
  };
}
