/**
 * Renders all files that a tenant needs to bring its key, with nothing left to fill in. They are three ways to make the
 * same key, policy, rule and role (CloudFormation, Terraform, the AWS CLI with plain JSON), a check that a trail logs
 * KMS, and a README for the administrator.
 */
import { applyScript } from './apply-script.ts';
import { primaryTemplate, replicaTemplate } from './cloudformation.ts';
import { parseOnboarding, type Onboarding, type OnboardingInput } from './input.ts';
import { forwarderPermissions, forwarderTrust, keyEventPattern } from './key-events.ts';
import { keyGrant, keyPolicy } from './key-policy.ts';
import { keyRegions, knownKey } from './tenant-key.ts';
import { tenantReadme } from './tenant-readme.ts';
import { terraform } from './terraform.ts';
import { trailScript } from './trail-script.ts';

export interface RenderedFile {
  /** A plain file name. */
  readonly name: string;
  readonly text: string;
}

/** @throws EventInvalidError that names every malformed value and every contradiction */
export function render(input: OnboardingInput): readonly RenderedFile[] {
  const onboarding = parseOnboarding(input);
  return [
    { name: 'README.md', text: tenantReadme(onboarding) },
    ...cloudFormationFiles(onboarding),
    { name: 'main.tf', text: terraform(onboarding) },
    policyFile(onboarding),
    ...eventPatternFiles(onboarding),
    jsonFile('event-role-trust.json', forwarderTrust(onboarding)),
    jsonFile('event-role-permissions.json', forwarderPermissions(onboarding)),
    { name: 'apply.sh', text: applyScript(onboarding) },
    { name: 'check-trail.sh', text: trailScript(onboarding) },
  ];
}

function cloudFormationFiles(onboarding: Onboarding): readonly RenderedFile[] {
  const replicas = onboarding.replicaRegions.map((region) =>
    jsonFile(`cloudformation-${region}.json`, replicaTemplate(onboarding, region)),
  );
  return [jsonFile('cloudformation.json', primaryTemplate(onboarding)), ...replicas];
}

/** Renders the whole policy of a new key, or the statements to merge into the policy of an existing one. */
function policyFile(onboarding: Onboarding): RenderedFile {
  const grant = { ...onboarding, ...onboarding.isv };
  if (onboarding.existingKeyArn === undefined) return jsonFile('key-policy.json', keyPolicy(grant));
  return jsonFile('key-grant.json', { Version: '2012-10-17', Statement: keyGrant(grant) });
}

/** Renders the patterns of an existing key. The pattern of a new key holds its ARN, which nobody knows yet. */
function eventPatternFiles(onboarding: Onboarding): readonly RenderedFile[] {
  return keyRegions(onboarding).flatMap((region) => {
    const key = knownKey(onboarding, region);
    return key === undefined ? [] : [jsonFile(`event-pattern-${region}.json`, keyEventPattern(key))];
  });
}

function jsonFile(name: string, content: object): RenderedFile {
  return { name, text: `${JSON.stringify(content, undefined, 2)}\n` };
}
