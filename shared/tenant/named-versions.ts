/** The number of some versions of objects, with the names of the first: a removal may meet millions of versions. */
import * as z from 'zod';

export interface NamedVersions {
  readonly count: number;
  /** The first 20, each as `versionName` gives it, with a remark if there is one. */
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

/** Returns the name in quotes, safe to print: tenants choose these names, and a terminal obeys control characters. */
export function versionName({
  key,
  versionId,
}: {
  readonly key: string;
  readonly versionId: string;
}): string {
  return `${JSON.stringify(key).replaceAll(UNPRINTABLE, escaped)} (version ${versionId})`;
}

/** The characters that JSON leaves as they are, and that people do not see or terminals obey. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cn}]/gu;

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `\\u{${code.toString(16)}}`;
}
