/**
 * Everything that a tenant needs to bring its key, rendered for that tenant with nothing left to fill in: three ways
 * to the same key, policy, rule and role (CloudFormation, Terraform, AWS CLI with plain JSON), a check that its trail
 * logs KMS, and a README for its administrator.
 */
import { primaryTemplate, replicaTemplate } from './cloudformation.ts';
import { parseOnboarding, type Onboarding, type OnboardingInput } from './input.ts';

export interface RenderedFile {
  /** A plain file name. */
  readonly name: string;
  readonly text: string;
}

/** @throws EventInvalidError naming everything that is malformed or contradicts something else */
export function render(input: OnboardingInput): readonly RenderedFile[] {
  const onboarding = parseOnboarding(input);
  return cloudFormationFiles(onboarding);
}

function cloudFormationFiles(onboarding: Onboarding): readonly RenderedFile[] {
  const replicas = onboarding.replicaRegions.map((region) =>
    jsonFile(`cloudformation-${region}.json`, replicaTemplate(onboarding, region)),
  );
  return [jsonFile('cloudformation.json', primaryTemplate(onboarding)), ...replicas];
}

function jsonFile(name: string, content: object): RenderedFile {
  return { name, text: `${JSON.stringify(content, undefined, 2)}\n` };
}
