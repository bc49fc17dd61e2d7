/** The demands of a grant on the encryption context. */
import type { Grant } from './key.ts';

export function constraintsHold(
  grant: Pick<Grant, 'contextEquals' | 'contextSubset'>,
  context: Readonly<Record<string, string>>,
): boolean {
  const { contextEquals, contextSubset } = grant;
  if (contextSubset !== undefined && !includes(context, contextSubset)) return false;
  return (
    contextEquals === undefined || (includes(context, contextEquals) && includes(contextEquals, context))
  );
}

function includes(
  context: Readonly<Record<string, string>>,
  subset: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(subset).every(
    ([name, value]) => Object.hasOwn(context, name) && context[name] === value,
  );
}
