/**
 * The rule that forwards the events of a tenant's key to our bus, and its role. The rule is on the default bus of the
 * tenant's account, in each region of the key; the role may do nothing else. KMS itself sends EventBridge only the
 * events of rotation, expiry and deletion. All other events, above all DisableKey, come through CloudTrail.
 */
import { createHash } from 'node:crypto';
import { NATIVE_EVENTS, TRAIL_EVENTS } from '../revocation/key-event-names.ts';
import type { Onboarding } from './input.ts';
import { keyName, keyRegions, type KeyReference } from './tenant-key.ts';

/** The longest name that a rule and a role may have. */
const NAME_CHARACTERS = 64;

/**
 * Returns the name of the rule and of its role: the name of the alias, or its beginning and a digest if it is too long.
 */
export function forwarderName(onboarding: Onboarding): string {
  const name = keyName(onboarding);
  if (name.length <= NAME_CHARACTERS) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, NAME_CHARACTERS - 1 - digest.length)}-${digest}`;
}

/**
 * Returns the pattern of the events that we act on, of this key and no other. It forwards no uses of the key, because
 * they are not our business. KMS's own events name the key in `resources`, those of CloudTrail in `detail.resources`.
 * Where that is missing, the parameters that the caller wrote are compared. EventBridge matches a list if it matches
 * one element.
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

/** Lets EventBridge assume the role only for our rules in the tenant's account, so that no other rule can use it. */
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
