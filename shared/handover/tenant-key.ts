/** The tenant's key as every format has it: how it is called, where it is, and what it can be referred to by. */
import type { Onboarding } from './input.ts';

/** The ARN and the id of the key: strings, or what a template language says for them. */
export interface KeyReference {
  readonly arn: unknown;
  readonly id: unknown;
}

/** Of the alias (after `alias/`). */
export function keyName({ tenantId }: Onboarding): string {
  return `sealstream-${tenantId}`;
}

/** What people read in the console. */
export function keyDescription({ stage, tenantId }: Onboarding): string {
  return `Sealstream (${stage}): everything stored for tenant ${tenantId} is encrypted under this key`;
}

export function keyRegions({ keyRegion, replicaRegions }: Onboarding): readonly string[] {
  return [keyRegion, ...replicaRegions];
}

/** The key of that region, where it is known beforehand: replicas differ from their primary key in the region alone. */
export function knownKey({ existingKeyArn }: Onboarding, region: string): KeyReference | undefined {
  if (existingKeyArn === undefined) return undefined;
  const arn = existingKeyArn.replace(/(?<=:kms:)[^:]+/u, region);
  return { arn, id: arn.split('/').at(-1) };
}
