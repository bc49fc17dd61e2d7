/**
 * How the events of a tenant's key reach us: a rule on the default bus of the tenant's account, in each region of the
 * key, forwards them to our bus by a role that may do nothing else. KMS tells EventBridge only of rotation, expiry and
 * deletion by itself; everything else, DisableKey first of all, comes through CloudTrail.
 */
import { createHash } from 'node:crypto';
import { NATIVE_EVENTS, TRAIL_EVENTS } from '../revocation/key-event.ts';
import type { Onboarding } from './input.ts';
import { keyName, keyRegions, type KeyReference } from './tenant-key.ts';

/** Names of rules and roles are at most this long. */
const NAME_CHARACTERS = 64;

/** Of the rule and of its role: the alias's, or, where that is too long, its beginning and a digest of all of it. */
export function forwarderName(onboarding: Onboarding): string {
  const name = keyName(onboarding);
  if (name.length <= NAME_CHARACTERS) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, NAME_CHARACTERS - 1 - digest.length)}-${digest}`;
}

/**
 * Of the events of that key and of no other those that we act on: who may do something else with it, or how often, is
 * not for us to know. KMS's own events name the key in `resources`, CloudTrail's in `detail.resources`; what the caller
 * wrote is the last resort. EventBridge matches a list if it matches one element.
 * https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-kms.html
 */
export function keyEventPattern({ arn, id }: KeyReference): object {
  const ofKey = [{ resources: { ARN: [arn] } }, { requestParameters: { keyId: [arn, id] } }];
  return {
    source: ['aws.kms'],
    $or: [
      { 'detail-type': NATIVE_EVENTS, resources: [arn] },
      { detail: { eventName: TRAIL_EVENTS, $or: ofKey } },
    ],
  };
}

export function forwarderRoleArn(onboarding: Onboarding): string {
  const { partition, tenantAccountId } = onboarding;
  return `arn:${partition}:iam::${tenantAccountId}:role/${forwarderName(onboarding)}`;
}

/** EventBridge may assume the role for our rules in the tenant's account only: no other rule can borrow it. */
export function forwarderTrust(onboarding: Onboarding): object {
  const { partition, tenantAccountId } = onboarding;
  const rules = keyRegions(onboarding).map(
    (region) => `arn:${partition}:events:${region}:${tenantAccountId}:rule/${forwarderName(onboarding)}`,
  );
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'TheRuleForwards',
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sts:AssumeRole',
        Condition: {
          StringEquals: { 'aws:SourceAccount': tenantAccountId },
          ArnEquals: { 'aws:SourceArn': rules },
        },
      },
    ],
  };
}

export function forwarderPermissions({ isv }: Onboarding): object {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'ToSealstreamsBus',
        Effect: 'Allow',
        Action: 'events:PutEvents',
        Resource: isv.eventBusArn,
      },
    ],
  };
}
