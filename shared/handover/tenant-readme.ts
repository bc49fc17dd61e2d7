/** The README for the tenant's administrator: what the files grant, how to apply, check, press and take back. */
import type { Onboarding } from './input.ts';
import { forwarderName } from './key-events.ts';
import { keyGrant, type KeyPolicyStatement } from './key-policy.ts';
import { keyName, keyRegions } from './tenant-key.ts';

export function tenantReadme(onboarding: Onboarding): string {
  const sections = [
    introduction(onboarding),
    grant(onboarding),
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
These files let Sealstream use it for you and for nobody else, and tell Sealstream at once when you disable it.`;
}

function grant(onboarding: Onboarding): string {
  const rows = keyGrant({ ...onboarding, ...onboarding.isv }).map(
    (statement) =>
      `| ${statement.Sid} | ${code(actions(statement))} | ${roles(statement)} | ${why(statement)} |`,
  );
  return `## What it grants

| Statement of the key policy | Operations | Roles | Why |
| --- | --- | --- | --- |
${rows.join('\n')}

Each but DescribeKey only where the encryption context names the tenant ${onboarding.tenantId}. Sealstream cannot
administer the key, change its policy, or grant its use to anybody (no kms:CreateGrant). All that stays with your
account, by its IAM policies.

The role \`${forwarderName(onboarding)}\` may send events to one event bus of Sealstream,
and only for the rule of the same name. The rule forwards what takes this key away, brings it back or changes who may use
it, and no use of it: with the event Sealstream learns who did it, when, and from which address.`;
}

function apply(onboarding: Onboarding): string {
  return `## Apply

The roles above have to exist: KMS refuses a policy that names others. Choose one of three ways; all make the same.
${onboarding.existingKeyArn === undefined ? '' : '\nFirst merge the statements of `key-grant.json` into the policy of your key (in every region).\n'}
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

Then give Sealstream the ARN of the key, which each of them prints.`;
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

EventBridge hears of a disabled key through CloudTrail, so a trail has to log the management events of KMS:

\`\`\`sh
sh ./check-trail.sh
\`\`\`

says whether one does, and exits 1 if not. To see an event go through, enable the key once more: that changes nothing,
and Sealstream hears it.

\`\`\`sh
${commands(onboarding, 'enable-key')}
\`\`\``;
}

function redButton(onboarding: Onboarding): string {
  return `## The red button

\`\`\`sh
${commands(onboarding, 'disable-key')}
\`\`\`

Sealstream stops as soon as the event arrives, usually within seconds. Should the event be lost, it stops when KMS
refuses it or when the keys it holds have reached their age limit, whichever comes first. KMS itself may need seconds,
sometimes minutes, to refuse a disabled key everywhere. Nothing is deleted: new work waits.

To take it back:

\`\`\`sh
${commands(onboarding, 'enable-key')}
\`\`\`

Everything that waited goes on by itself. After \`cancel-key-deletion\` a key is still disabled: enable it, too.`;
}

function leaving(onboarding: Onboarding): string {
  const kept =
    onboarding.existingKeyArn === undefined
      ? 'The key outlives its stack, and Terraform refuses to destroy it.'
      : 'Your key is not part of the stack.';
  return `## Leaving

${kept} As long as you want what is stored,
keep the key: with the key, the vault and any AWS Encryption SDK it can be read without Sealstream. Once the key is
deleted, nobody can read it any more, not even you.`;
}

/** KMS takes no alias here, so of a key that is yet to be made it is asked for the ARN. */
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

const REASONS: Readonly<Record<string, string>> = {
  SealstreamEncrypts:
    'A new data key for what you upload. The control role only tries whether it could (DryRun), and makes one that ' +
    'protects nothing: the ciphertext that it tries Decrypt with where KMS wants one.',
  SealstreamRestores:
    'The data key of what you restore. The control role only tries whether it could (DryRun).',
  SealstreamUnwrapsBranchKeys: 'The branch key from which the data keys of your messages come.',
  SealstreamMakesBranchKeys:
    'A new branch key, or a new version of it, that Sealstream never sees unwrapped.',
  SealstreamVersionsBranchKeys:
    'Makes a new version the active one. Under this key only: nothing can be moved away from it.',
  SealstreamWatches: 'Sees a pending deletion or an expiry ahead of time.',
};

function why({ Sid }: KeyPolicyStatement): string {
  return REASONS[Sid] ?? '';
}

function actions({ Action }: KeyPolicyStatement): readonly string[] {
  return [Action].flat();
}

function roles({ Principal }: KeyPolicyStatement): string {
  return code([Principal.AWS].flat().map((arn) => arn.slice(arn.indexOf('/') + 1)));
}

function code(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ');
}

function regionList(onboarding: Onboarding): string {
  return keyRegions(onboarding).join(', ');
}
