/**
 * Renders a POSIX shell script that does the same as the CloudFormation template, by the AWS CLI and the plain JSON
 * files beside the script. A second run changes nothing, or takes back what was changed by hand. The script does not
 * edit the policy of an existing key: the owner of the key merges the statements into it.
 */
import type { Onboarding } from './input.ts';
import { forwarderName, forwarderRoleArn, keyEventPattern } from './key-events.ts';
import { keyDescription, keyName, keyRegions } from './tenant-key.ts';

/**
 * Renders the script. The values that are inserted have no character with a meaning to a shell (input.ts), and are
 * quoted all the same.
 */
export function applyScript(onboarding: Onboarding): string {
  const { existingKeyArn, keyRegion } = onboarding;
  const paragraphs = [
    preamble(onboarding),
    existingKeyArn === undefined ? newKeys(onboarding) : existingKey(existingKeyArn),
    forwarderRole(onboarding),
    forwarderRule(onboarding),
    keyRegions(onboarding)
      .map((region) => `forward_key_events '${region}'`)
      .join('\n'),
    `echo "The key to register with Sealstream: ${keyArn(onboarding, keyRegion)}"`,
    'exec sh ./check-trail.sh',
  ];
  return `${paragraphs.join('\n\n')}\n`;
}

function preamble({ stage, tenantId, tenantAccountId }: Onboarding): string {
  return `#!/bin/sh
# Sealstream (${stage}): the key of tenant ${tenantId} and the forwarding of its events.
# The script may be run again. It needs the AWS CLI with the credentials of an administrator of account ${tenantAccountId}.
set -eu
cd "$(dirname "$0")"

if [ "$(aws sts get-caller-identity --query Account --output text)" != '${tenantAccountId}' ]; then
  echo 'The credentials are not of account ${tenantAccountId}.' >&2
  exit 1
fi`;
}

function existingKey(existingKeyArn: string): string {
  return `# This script does not edit the policy of your key: merge the statements of key-grant.json into it yourself.
key_id='${existingKeyArn.slice(existingKeyArn.indexOf('/') + 1)}'`;
}

function newKeys(onboarding: Onboarding): string {
  const { replicaRegions } = onboarding;
  return [
    keyFunctions(onboarding),
    primaryKey(onboarding),
    ...(replicaRegions.length === 0 ? [] : [replicateFunction(onboarding)]),
    ...replicaRegions.map((region) => `replicate_key '${region}'`),
  ].join('\n\n');
}

function keyFunctions(onboarding: Onboarding): string {
  const alias = `alias/${keyName(onboarding)}`;
  return `# Prints the id of the key that has the alias in region $1, or nothing.
aliased_key() {
  found=$(aws kms list-aliases --region "$1" --output text \\
    --query "Aliases[?AliasName=='${alias}'].TargetKeyId")
  printf '%s' "$found" | tr -d '[:space:]'
}

# Gives the key in region $1 its alias and its policy.
settle_key() {
  if [ -z "$(aliased_key "$1")" ]; then
    aws kms create-alias --region "$1" --alias-name '${alias}' --target-key-id "$key_id"
  fi
  aws kms put-key-policy --region "$1" --key-id "$key_id" --policy-name default \\
    --policy file://key-policy.json
}`;
}

function primaryKey(onboarding: Onboarding): string {
  const { keyRegion, replicaRegions } = onboarding;
  const multiRegion = replicaRegions.length > 0 ? '--multi-region' : '--no-multi-region';
  return `key_id=$(aliased_key '${keyRegion}')
if [ -z "$key_id" ]; then
  key_id=$(aws kms create-key --region '${keyRegion}' ${multiRegion} --policy file://key-policy.json \\
    --description '${keyDescription(onboarding)}' \\
    --query KeyMetadata.KeyId --output text)
fi
settle_key '${keyRegion}'
aws kms enable-key-rotation --region '${keyRegion}' --key-id "$key_id"`;
}

function replicateFunction(onboarding: Onboarding): string {
  const { keyRegion } = onboarding;
  return `# Makes a replica in region $1. It has the id of its primary key, and KMS needs some seconds to make it.
replicate_key() {
  replica=$(aws kms describe-key --region '${keyRegion}' --key-id "$key_id" --output text \\
    --query "KeyMetadata.MultiRegionConfiguration.ReplicaKeys[?Region=='$1'].Region")
  if [ -z "$replica" ]; then
    aws kms replicate-key --region '${keyRegion}' --key-id "$key_id" --replica-region "$1" \\
      --policy file://key-policy.json \\
      --description '${keyDescription(onboarding)}' >/dev/null
  fi
  while [ "$(aws kms describe-key --region "$1" --key-id "$key_id" \\
    --query KeyMetadata.KeyState --output text)" = Creating ]; do sleep 2; done
  settle_key "$1"
}`;
}

function forwarderRole(onboarding: Onboarding): string {
  const name = forwarderName(onboarding);
  return `if aws iam get-role --role-name '${name}' >/dev/null 2>&1; then
  aws iam update-assume-role-policy --role-name '${name}' \\
    --policy-document file://event-role-trust.json
else
  aws iam create-role --role-name '${name}' \\
    --assume-role-policy-document file://event-role-trust.json >/dev/null
fi
aws iam put-role-policy --role-name '${name}' --policy-name forward \\
  --policy-document file://event-role-permissions.json`;
}

function forwarderRule(onboarding: Onboarding): string {
  const name = forwarderName(onboarding);
  const target = `Id=sealstream,Arn=${onboarding.isv.eventBusArn},RoleArn=${forwarderRoleArn(onboarding)}`;
  return `# Forwards the events of the key in region $1.
forward_key_events() {
  aws events put-rule --region "$1" --name '${name}' --state ENABLED --event-pattern "$(cat <<JSON
${eventPattern(onboarding)}
JSON
)" >/dev/null
  failed=$(aws events put-targets --region "$1" --rule '${name}' \\
    --targets '${target}' \\
    --query FailedEntryCount --output text)
  if [ "$failed" != 0 ]; then
    echo "EventBridge did not accept the target of the rule in $1." >&2
    exit 1
  fi
}`;
}

/**
 * Renders the pattern for a here-document. The shell inserts region and id; `$or` is for EventBridge, so it is escaped.
 */
function eventPattern(onboarding: Onboarding): string {
  const pattern = keyEventPattern({ arn: keyArn(onboarding, '$1'), id: '$key_id' });
  return JSON.stringify(pattern, undefined, 2).replaceAll('$or', () => String.raw`\$or`);
}

function keyArn({ partition, tenantAccountId }: Onboarding, region: string): string {
  return `arn:${partition}:kms:${region}:${tenantAccountId}:key/$key_id`;
}
