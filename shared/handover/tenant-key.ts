/** The name, the regions and the references of the tenant's key, the same for every format. */
import type { Onboarding } from './input.ts';

/** The ARN and the id of the key: strings, or expressions of a template language. */
export interface KeyReference {
  readonly arn: unknown;
  readonly id: unknown;
}

/** Returns the name of the alias, without `alias/`. */
export function keyName({ tenantId }: Onboarding): string {
  return `sealstream-${tenantId}`;
}

/** Returns the description that people read in the console. */
export function keyDescription({ stage, tenantId }: Onboarding): string {
  return `Sealstream (${stage}): everything stored for tenant ${tenantId} is encrypted under this key`;
}

export function keyRegions({ keyRegion, replicaRegions }: Onboarding): readonly string[] {
  return [keyRegion, ...replicaRegions];
}

/**
 * Returns the existing key of that region. The ARN of a replica differs from that of its primary key only in the
 * region.
 */
export function knownKey({ existingKeyArn }: Onboarding, region: string): KeyReference | undefined {
  if (existingKeyArn === undefined) return undefined;
  const arn = existingKeyArn.replace(/(?<=:kms:)[^:]+/u, region);
  return { arn, id: arn.split('/').at(-1) };
}
