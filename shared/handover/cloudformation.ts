/**
 * Renders the CloudFormation templates for the tenant's account. A template makes the key with its alias, unless the
 * tenant brings an existing key, the rule that forwards the key's events, and the role of the rule. There is one stack
 * in the key's region and one in the region of each replica. The templates are JSON, so that they hold the policies
 * letter for letter.
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

/** Renders the stack of the key's region. It names a role, so it needs `--capabilities CAPABILITY_NAMED_IAM`. */
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

/**
 * Renders the stack of a replica's region, which is deployed after the first. For a new key it needs the primary key's
 * ARN.
 */
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
  /** The resource that makes the key. It is left out when the key exists. */
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

/** The key stays when a stack is deleted or replaced. Without the key everything encrypted under it would be lost. */
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
