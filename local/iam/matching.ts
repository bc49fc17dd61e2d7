/**
 * The texts of a policy: literals, wildcards (`*` for any run, `?` for any one character) and variables
 * (`${aws:PrincipalArn}`). The value of a variable is never read as a wildcard, so a caller cannot widen a policy
 * by its own attributes.
 */

/** Returns the value of a policy variable in this request; undefined when the request has no such key. */
export type Variables = (name: string) => string | undefined;

const VARIABLE = /\$\{([^}]*)\}/g;
// Private-use characters mark the wildcards while variables are filled in.
const ANY_RUN = '\uE000';
const ANY_ONE = '\uE001';

/** Returns a list of the one or many values that a policy writes. */
export function asList<T extends string | number | boolean | object>(
  value: T | readonly T[] | undefined,
): readonly T[] {
  if (value === undefined) return [];
  return isList(value) ? value : [value];
}

/** Returns the names of the variables in a text that this request cannot fill. */
export function missingVariables(text: string, variables: Variables): readonly string[] {
  return [...text.matchAll(VARIABLE)]
    .map((match) => match[1] ?? '')
    .filter((name) => valueOf(name, variables) === undefined);
}

/** True when a value is the text; its wildcards are literals. */
export function equalsText(text: string, value: string, variables: Variables): boolean {
  return fill(text, variables) === value;
}

/** True when a value is the text without regard to case, in what variables stand for as well. */
export function equalsIgnoringCase(text: string, value: string, variables: Variables): boolean {
  return fill(text, variables).toLowerCase() === value.toLowerCase();
}

/** True when a value matches the text with its wildcards. */
export function matchesText(text: string, value: string, variables: Variables): boolean {
  return toRegExp(fill(mark(text), variables)).test(value);
}

/** True when an action matches. Actions (`kms:Generate*`) compare without case and have no variables. */
export function matchesAction(pattern: string, action: string): boolean {
  return toRegExp(mark(pattern.toLowerCase())).test(action.toLowerCase());
}

/**
 * True when an ARN matches. ARNs compare part by part, so that a `*` before the resource part never covers a colon.
 */
export function matchesArn(text: string, arn: string, variables: Variables): boolean {
  const patterns = arnParts(fill(mark(text), variables));
  const parts = arnParts(arn);
  if (patterns.length !== 6 || parts.length !== 6) return false;
  return patterns.every((pattern, index) => toRegExp(pattern).test(parts[index] ?? ''));
}

function fill(text: string, variables: Variables): string {
  if (!text.includes('${')) return text;
  return text.replaceAll(VARIABLE, (_whole, name: string) => valueOf(name, variables) ?? '');
}

/** Returns the value of a variable. `*`, `?` and `$` stand for themselves; `${name, 'default'}` has a default. */
function valueOf(expression: string, variables: Variables): string | undefined {
  if (expression === '*' || expression === '?' || expression === '$') return expression;
  const [, name, fallback] = /^\s*([^,]*?)\s*(?:,\s*'([^']*)'\s*)?$/.exec(expression) ?? [];
  return variables(name ?? expression) ?? fallback;
}

function mark(text: string): string {
  if (!text.includes('${')) return text.replaceAll('*', ANY_RUN).replaceAll('?', ANY_ONE);
  return text
    .split(/(\$\{[^}]*\})/)
    .map((piece, index) =>
      index % 2 === 1 ? piece : piece.replaceAll('*', ANY_RUN).replaceAll('?', ANY_ONE),
    )
    .join('');
}

const MAX_COMPILED = 5000;
const compiled = new Map<string, RegExp>();

/** Returns the compiled text. Policies stay the same over many requests, so it is compiled once. */
function toRegExp(marked: string): RegExp {
  const known = compiled.get(marked);
  if (known !== undefined) return known;
  if (compiled.size >= MAX_COMPILED) compiled.clear();
  const expression = compile(marked);
  compiled.set(marked, expression);
  return expression;
}

function compile(marked: string): RegExp {
  const source = marked
    .replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
    .replaceAll(ANY_RUN, '.*')
    .replaceAll(ANY_ONE, '.');
  return new RegExp(`^${source}$`, 'su');
}

function arnParts(arn: string): readonly string[] {
  const parts = arn.split(':');
  return parts.length < 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(':')];
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
