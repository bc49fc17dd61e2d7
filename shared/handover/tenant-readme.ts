/**
 * Renders the README for the tenant's administrator: the grant, how to apply and check it, the red button, and leaving.
 */
import { grantSection } from './grant-section.ts';
import type { Onboarding } from './input.ts';
import { keyName, keyRegions } from './tenant-key.ts';

export function tenantReadme(onboarding: Onboarding): string {
  const sections = [
    introduction(onboarding),
    grantSection(onboarding),
    apply(onboarding),
    check(onboarding),
    redButton(onboarding),
    leaving(onboarding),
  ];
  return `${sections.join('\n\n')}\n`;
}

function introduction(onboarding: Onboarding): string {
  const { tenantId, tenantAccountId, stage, isv, existingKeyArn } = onboarding;
  const key =
    existingKeyArn === undefined
      ? `a KMS key in ${regionList(onboarding)}, with the alias \`alias/${keyName(onboarding)}\``
      : `your key \`${existingKeyArn}\` (${regionList(onboarding)})`;
  return `# The key of tenant ${tenantId}

For the administrator of AWS account ${tenantAccountId}.

Everything that Sealstream (${stage}, account ${isv.accountId}) stores for you is encrypted under
${key}.
With these files you let Sealstream use the key for you and for nobody else, and Sealstream learns at once when you
disable it.`;
}

function apply(onboarding: Onboarding): string {
  return `## Apply

The roles above must exist, because KMS refuses a policy that names unknown roles. Choose one of three ways; each makes
the same.
${onboarding.existingKeyArn === undefined ? '' : '\nFirst merge the statements of `key-grant.json` into the policy of your key, in every region.\n'}
CloudFormation:

\`\`\`sh
${stacks(onboarding).join('\n')}
\`\`\`

Terraform:

\`\`\`sh
terraform init && terraform apply
\`\`\`

The AWS CLI, with the JSON files beside it:

\`\`\`sh
sh ./apply.sh
\`\`\`

Then give Sealstream the ARN of the key. Each way prints it.`;
}

function stacks(onboarding: Onboarding): readonly string[] {
  const { keyRegion, replicaRegions, existingKeyArn } = onboarding;
  const name = keyName(onboarding);
  const primaryKeyArn = `"PrimaryKeyArn=$(aws cloudformation describe-stacks --region ${keyRegion} \\
  --stack-name ${name} --query "Stacks[0].Outputs[?OutputKey=='KeyArn'].OutputValue" --output text)"`;
  const parameters = existingKeyArn === undefined ? ` \\\n  --parameter-overrides ${primaryKeyArn}` : '';
  return [
    `aws cloudformation deploy --region ${keyRegion} --stack-name ${name} \\
  --template-file cloudformation.json --capabilities CAPABILITY_NAMED_IAM`,
    ...replicaRegions.map(
      (region) => `aws cloudformation deploy --region ${region} --stack-name ${name} \\
  --template-file cloudformation-${region}.json${parameters}`,
    ),
  ];
}

function check(onboarding: Onboarding): string {
  return `## Check

EventBridge gets the event of a disabled key from CloudTrail, so a trail must log the management events of KMS. This
script exits 0 if one does, and 1 if not:

\`\`\`sh
sh ./check-trail.sh
\`\`\`

To send an event through, enable the key once more. That changes nothing, and Sealstream gets the event.

\`\`\`sh
${commands(onboarding, 'enable-key')}
\`\`\``;
}

function redButton(onboarding: Onboarding): string {
  return `## The red button

\`\`\`sh
${commands(onboarding, 'disable-key')}
\`\`\`

Sealstream stops as soon as the event arrives, usually within seconds. If the event is lost, it stops when KMS refuses it
or when its cached keys reach their age limit, whichever comes first. KMS itself may need seconds, sometimes minutes, to
refuse a disabled key everywhere. Nothing is deleted, and new work waits.

To let Sealstream go on:

\`\`\`sh
${commands(onboarding, 'enable-key')}
\`\`\`

Everything that waited then goes on by itself. After \`cancel-key-deletion\` a key is still disabled: enable it too.`;
}

function leaving(onboarding: Onboarding): string {
  const kept =
    onboarding.existingKeyArn === undefined
      ? 'The key stays when its stack is deleted, and Terraform refuses to destroy it.'
      : 'Your key is not part of the stack.';
  return `## Leaving

${kept} Keep the key as long as you want
to read what is stored. With the key, the vault and any AWS Encryption SDK you can read it without Sealstream. Once the
key is deleted, nobody can read it any more, not even you.`;
}

/**
 * Renders a command about the key, for each of its regions. KMS takes no alias in these commands, so for a new key the
 * id is asked for first.
 */
function commands(onboarding: Onboarding, command: string): string {
  return keyRegions(onboarding)
    .map((region) => `aws kms ${command} --region ${region} --key-id ${keyId(onboarding, region)}`)
    .join('\n');
}

function keyId(onboarding: Onboarding, region: string): string {
  const { existingKeyArn } = onboarding;
  if (existingKeyArn !== undefined) return existingKeyArn.slice(existingKeyArn.indexOf('/') + 1);
  return `"$(aws kms describe-key --region ${region} \\
  --key-id alias/${keyName(onboarding)} --query KeyMetadata.KeyId --output text)"`;
}

function regionList(onboarding: Onboarding): string {
  return keyRegions(onboarding).join(', ');
}
