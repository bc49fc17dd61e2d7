/** Renders the section of the tenant's README that explains each statement of the grant. */
import type { Onboarding } from './input.ts';
import { forwarderName } from './key-events.ts';
import { keyGrant, type KeyPolicyStatement } from './key-policy.ts';

export function grantSection(onboarding: Onboarding): string {
  const rows = keyGrant({ ...onboarding, ...onboarding.isv }).map(
    (statement) =>
      `| ${statement.Sid} | ${code(actions(statement))} | ${roles(statement)} | ${reason(statement)} |`,
  );
  return `## What Sealstream may do

| Statement of the key policy | Operations | Roles | Why |
| --- | --- | --- | --- |
${rows.join('\n')}

Each operation except DescribeKey is allowed only when the encryption context names the tenant ${onboarding.tenantId}.
Sealstream cannot administer the key, change its policy, or let anybody else use it (no kms:CreateGrant). Only your
account can, as its IAM policies say.

The role \`${forwarderName(onboarding)}\` may send events to one event bus of Sealstream,
and only for the rule of the same name. The rule forwards the events that disable the key, bring it back, change who may
use it, rotate it or tag it. It does not forward the uses of the key. From an event Sealstream learns who made the
change, when, and from which address.`;
}

const REASONS: Readonly<Record<string, string>> = {
  SealstreamEncrypts:
    'Makes a data key for what you upload. The control role only tries the operation (DryRun). Where KMS wants a ' +
    'ciphertext to try Decrypt with, the control role makes one that protects nothing.',
  SealstreamRestores:
    'Opens the data key of what you restore. The control role only tries the operation (DryRun).',
  SealstreamUnwrapsBranchKeys: 'Opens the branch key, from which the data keys of your messages come.',
  SealstreamMakesBranchKeys:
    'Makes a branch key, or a new version of it. The operation does not return it unwrapped.',
  SealstreamVersionsBranchKeys:
    'Makes a new version the active one, under this key only: nothing can be moved to another key.',
  SealstreamWatches: 'Shows a pending deletion or an expiry in time.',
};

function reason({ Sid }: KeyPolicyStatement): string {
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
