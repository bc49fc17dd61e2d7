/**
 * CloudFormation for the tenant's account: the key with its alias (or neither, if the tenant has one already), the
 * rule that forwards the key's events, and the rule's role. One stack in the key's region, one more in each replica's.
 * JSON, for it says the same as the policies do, letter for letter.
 */
import type { Onboarding } from './input.ts';
import {
  forwarderName,
  forwarderPermissions,
  forwarderRoleArn,
  forwarderTrust,
  keyEventPattern,
} from './key-events.ts';
import { keyPolicy } from './key-policy.ts';
import { keyDescription, keyName, knownKey, type KeyReference } from './tenant-key.ts';

export interface Template {
  readonly AWSTemplateFormatVersion: '2010-09-09';
  readonly Description: string;
  readonly Parameters?: object;
  readonly Resources: Readonly<Record<string, object>>;
  readonly Outputs: object;
}

const NEW_KEY: KeyReference = { arn: { 'Fn::GetAtt': ['Key', 'Arn'] }, id: { Ref: 'Key' } };

/** The stack of the key's region. It names a role, so it wants `--capabilities CAPABILITY_NAMED_IAM`. */
export function primaryTemplate(onboarding: Onboarding): Template {
  const { keyRegion, replicaRegions } = onboarding;
  const key = {
    ...keyProperties(onboarding),
    EnableKeyRotation: true,
    MultiRegion: replicaRegions.length > 0,
  };
  return template(onboarding, keyRegion, {
    key: { Type: 'AWS::KMS::Key', ...retained, Properties: key },
    roleArn: { 'Fn::GetAtt': ['ForwarderRole', 'Arn'] },
    more: { ForwarderRole: forwarderRole(onboarding) },
  });
}

/** The stack of a replica's region, deployed after the other. Of a new key it asks for the primary key's ARN. */
export function replicaTemplate(onboarding: Onboarding, region: string): Template {
  const replica = { ...keyProperties(onboarding), PrimaryKeyArn: { Ref: 'PrimaryKeyArn' } };
  const rendered = template(onboarding, region, {
    key: { Type: 'AWS::KMS::ReplicaKey', ...retained, Properties: replica },
    roleArn: forwarderRoleArn(onboarding),
    more: {},
  });
  if (knownKey(onboarding, region) !== undefined) return rendered;
  const PrimaryKeyArn = { Type: 'String', Description: 'The output KeyArn of the first stack' };
  return { ...rendered, Parameters: { PrimaryKeyArn } };
}

interface Parts {
  /** The resource that makes the key, where it has to be made. */
  readonly key: object;
  readonly roleArn: unknown;
  readonly more: Readonly<Record<string, object>>;
}

function template(onboarding: Onboarding, region: string, { key, roleArn, more }: Parts): Template {
  const { tenantId, stage } = onboarding;
  const known = knownKey(onboarding, region);
  const reference = known ?? NEW_KEY;
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `Sealstream (${stage}): the key of tenant ${tenantId} in ${region}, and the forwarding of its events`,
    Resources: {
      ...(known === undefined ? { Key: key, KeyAlias: keyAlias(onboarding) } : {}),
      ForwarderRule: forwarderRule(onboarding, reference, roleArn),
      ...more,
    },
    Outputs: { KeyArn: { Description: 'To be registered with Sealstream', Value: reference.arn } },
  };
}

/** Deleting or replacing a stack must never delete a key: everything under it would be gone. */
const retained = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' };

function keyProperties(onboarding: Onboarding): object {
  return {
    Description: keyDescription(onboarding),
    KeyPolicy: keyPolicy({ ...onboarding, ...onboarding.isv }),
    PendingWindowInDays: 30,
  };
}

function keyAlias(onboarding: Onboarding): object {
  const Properties = { AliasName: `alias/${keyName(onboarding)}`, TargetKeyId: NEW_KEY.id };
  return { Type: 'AWS::KMS::Alias', Properties };
}

function forwarderRule(onboarding: Onboarding, key: KeyReference, roleArn: unknown): object {
  const Properties = {
    Name: forwarderName(onboarding),
    Description: `Tells Sealstream at once what happens to the key of tenant ${onboarding.tenantId}`,
    State: 'ENABLED',
    EventPattern: keyEventPattern(key),
    Targets: [{ Id: 'sealstream', Arn: onboarding.isv.eventBusArn, RoleArn: roleArn }],
  };
  return { Type: 'AWS::Events::Rule', Properties };
}

function forwarderRole(onboarding: Onboarding): object {
  const Properties = {
    RoleName: forwarderName(onboarding),
    Description: `Forwards the events of the key of Sealstream's tenant ${onboarding.tenantId}, nothing else`,
    AssumeRolePolicyDocument: forwarderTrust(onboarding),
    Policies: [{ PolicyName: 'forward', PolicyDocument: forwarderPermissions(onboarding) }],
  };
  return { Type: 'AWS::IAM::Role', Properties };
}
