/**
 * Event patterns. Every field that a pattern names must match one of its listed values; `$or` needs one of its
 * patterns.
 */
import { compileValue, invalidPattern, type ValueTest } from './match-value.ts';

export type EventTest = (event: object) => boolean;

/**
 * Compiles a pattern's JSON.
 * @throws InvalidEventPatternException for what EventBridge would refuse
 */
export function compilePattern(json: string): EventTest {
  const test = compileFields(parse(json));
  return (event) => test(event);
}

function compileFields(pattern: object): ValueTest {
  const entries = Object.entries(pattern) as [string, unknown][];
  if (entries.length === 0) throw invalidPattern('Empty objects are not allowed');
  const tests = entries.map(([name, wanted]) =>
    name === '$or' ? compileOr(wanted) : compileField(name, wanted),
  );
  return (value) => tests.every((test) => test(value));
}

function compileOr(alternatives: unknown): ValueTest {
  if (!Array.isArray(alternatives) || alternatives.length < 2)
    throw invalidPattern('$or takes at least two patterns');
  const tests = alternatives.map((alternative: unknown) => compileFields(asObject(alternative)));
  return (value) => tests.some((test) => test(value));
}

function compileField(name: string, wanted: unknown): ValueTest {
  const test = Array.isArray(wanted) ? compileLeaf(name, wanted) : compileNested(asObject(wanted));
  return (value) => test(memberOf(value, name));
}

function compileLeaf(name: string, wanted: readonly unknown[]): ValueTest {
  if (wanted.length === 0) throw invalidPattern(`Empty arrays are not allowed: ${name}`);
  const tests = wanted.map(compileValue);
  const matches = (value: unknown): boolean => tests.some((test) => test(value));
  // A field that holds an object has no value of its own.
  return (value) =>
    Array.isArray(value) ? value.some(matches) : matches(isObject(value) ? undefined : value);
}

/** Compiles a nested pattern. In a list of objects, all of it must match in one element. */
function compileNested(pattern: object): ValueTest {
  const test = compileFields(pattern);
  return (value) => (Array.isArray(value) ? value.some((element) => test(element)) : test(value));
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function parse(json: string): object {
  try {
    return asObject(JSON.parse(json));
  } catch (cause) {
    throw Object.assign(invalidPattern('the pattern is not a JSON object'), { cause });
  }
}

function asObject(value: unknown): object {
  if (!isObject(value)) throw invalidPattern('the match value must be an array or an object');
  return value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
