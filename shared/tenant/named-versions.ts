/** How many versions of objects something is true of, and the first of them by name: a removal may meet millions. */
import * as z from 'zod';

export interface NamedVersions {
  readonly count: number;
  /** The first 20, each as `versionName` has it, with what there is to say about it. */
  readonly first: readonly string[];
}

export const namedVersionsSchema: z.ZodType<NamedVersions> = z.object({
  count: z.int(),
  first: z.array(z.string()),
});

export const NO_VERSIONS: NamedVersions = { count: 0, first: [] };

const MAX_NAMED = 20;

export function counted({ count, first }: NamedVersions, names: readonly string[]): NamedVersions {
  return { count: count + names.length, first: [...first, ...names].slice(0, MAX_NAMED) };
}

/** In quotes, and safe to print: tenants choose these names, and a terminal obeys control characters. */
export function versionName({
  key,
  versionId,
}: {
  readonly key: string;
  readonly versionId: string;
}): string {
  return `${JSON.stringify(key).replaceAll(UNPRINTABLE, escaped)} (version ${versionId})`;
}

/** What JSON leaves as it is, and people or terminals do not see. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cn}]/gu;

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `\\u{${code.toString(16)}}`;
}
