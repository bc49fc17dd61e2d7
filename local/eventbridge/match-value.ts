/** The match operators of event patterns. Each is compiled to a test of one value; an absent field is `undefined`. */
import { BlockList } from 'node:net';
import { AwsError } from '../front/service.ts';

export type ValueTest = (value: unknown) => boolean;

type Compile = (operand: unknown) => ValueTest;

const OPERATORS: Readonly<Record<string, Compile>> = {
  exists: (operand) => {
    if (typeof operand !== 'boolean') throw invalidPattern('exists takes true or false');
    return (value) => (value !== undefined) === operand;
  },
  prefix: (operand) => affix(operand, (value, fix) => value.startsWith(fix)),
  suffix: (operand) => affix(operand, (value, fix) => value.endsWith(fix)),
  'equals-ignore-case': (operand) => {
    const wanted = text(operand).toLowerCase();
    return (value) => typeof value === 'string' && value.toLowerCase() === wanted;
  },
  wildcard: (operand) => {
    const pattern = wildcardPattern(text(operand));
    return (value) => typeof value === 'string' && pattern.test(value);
  },
  numeric: compileNumeric,
  cidr: compileCidr,
  'anything-but': compileAnythingBut,
};

const COMPARISONS: Readonly<Record<string, (value: number, limit: number) => boolean>> = {
  '<': (value, limit) => value < limit,
  '<=': (value, limit) => value <= limit,
  '>': (value, limit) => value > limit,
  '>=': (value, limit) => value >= limit,
  '=': (value, limit) => value === limit,
};

/**
 * Compiles one element of a pattern's array.
 * @throws InvalidEventPatternException
 */
export function compileValue(wanted: unknown): ValueTest {
  if (typeof wanted !== 'object' || wanted === null) return (value) => value === wanted;
  const [entry, ...more] = Object.entries(wanted);
  const compile = entry === undefined ? undefined : OPERATORS[entry[0]];
  if (entry === undefined || compile === undefined || more.length > 0 || Array.isArray(wanted))
    throw invalidPattern(`Unrecognized match type ${entry?.[0] ?? ''}`);
  return compile(entry[1]);
}

export function invalidPattern(reason: string): AwsError {
  return new AwsError('InvalidEventPatternException', 400, `Event pattern is not valid. Reason: ${reason}`);
}

/** Compiles a prefix or suffix, which is `"x"` or `{ "equals-ignore-case": "x" }`. */
function affix(operand: unknown, has: (value: string, fix: string) => boolean): ValueTest {
  if (typeof operand === 'string') return (value) => typeof value === 'string' && has(value, operand);
  const fix = text(withoutCase(operand)).toLowerCase();
  return (value) => typeof value === 'string' && has(value.toLowerCase(), fix);
}

function withoutCase(operand: unknown): unknown {
  return typeof operand === 'object' && operand !== null && 'equals-ignore-case' in operand
    ? operand['equals-ignore-case']
    : undefined;
}

/** Compiles a wildcard: `*` stands for any run of characters, `\*` for itself. */
function wildcardPattern(wildcard: string): RegExp {
  const parts = wildcard.match(/\\[*\\]|\*|[^*\\]+|\\/g) ?? [];
  const escaped = parts.map((part) => (part === '*' ? '.*' : escape(part.replace(/^\\(?=[*\\])/, ''))));
  return new RegExp(`^${escaped.join('')}$`, 's');
}

function escape(literal: string): string {
  return literal.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&');
}

function compileNumeric(operand: unknown): ValueTest {
  if (!Array.isArray(operand) || (operand.length !== 2 && operand.length !== 4))
    throw invalidPattern('numeric takes one or two comparisons');
  const tests: ValueTest[] = [];
  for (let at = 0; at < operand.length; at += 2) {
    const [operator, limit] = [operand[at] as unknown, operand[at + 1] as unknown];
    const compare = COMPARISONS[String(operator)];
    if (compare === undefined || typeof limit !== 'number')
      throw invalidPattern(`Unrecognized numeric range operator: ${String(operator)}`);
    tests.push((value) => typeof value === 'number' && compare(value, limit));
  }
  return (value) => tests.every((test) => test(value));
}

function compileCidr(operand: unknown): ValueTest {
  const [network = '', bits] = text(operand).split('/');
  const family = network.includes(':') ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  try {
    list.addSubnet(network, Number(bits), family);
  } catch (cause) {
    throw Object.assign(invalidPattern('Malformed CIDR'), { cause });
  }
  return (value) => typeof value === 'string' && list.check(value, family);
}

/** Compiles a test that a present value passes when none of the listed ones match. */
function compileAnythingBut(operand: unknown): ValueTest {
  const excluded = (Array.isArray(operand) ? operand : [operand]).flatMap(excludedValues).map(compileValue);
  if (excluded.length === 0) throw invalidPattern('anything-but takes at least one value');
  return (value) => value !== undefined && !excluded.some((test) => test(value));
}

/** Returns the excluded values. `{ "prefix": ["a", "b"] }` excludes each of its values. */
function excludedValues(excluded: unknown): unknown[] {
  if (typeof excluded !== 'object' || excluded === null) return [excluded];
  return Object.entries(excluded).flatMap(([operator, values]) =>
    (Array.isArray(values) ? values : [values]).map((value: unknown) => ({ [operator]: value })),
  );
}

function text(operand: unknown): string {
  if (typeof operand !== 'string') throw invalidPattern('the match value must be a string');
  return operand;
}
