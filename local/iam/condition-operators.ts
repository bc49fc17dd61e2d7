/** The condition operators of IAM, which compare a value of the request with a value of the policy. */
import { equalsIgnoringCase, equalsText, matchesArn, matchesText, type Variables } from './matching.ts';

export interface ConditionOperator {
  /** Returns true when a request's value satisfies a policy's value, before negation. */
  readonly test: (policyValue: string, value: string, variables: Variables) => boolean;
  readonly negated: boolean;
}

export interface OperatorName {
  readonly base: string;
  readonly ifExists: boolean;
  readonly quantifier: 'ForAllValues' | 'ForAnyValue' | undefined;
}

/** Splits a name like `ForAnyValue:StringLikeIfExists`. */
export function parseOperatorName(name: string): OperatorName {
  const [, quantifier, base = name, ifExists] =
    /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(name) ?? [];
  return {
    base,
    ifExists: ifExists !== undefined,
    quantifier: quantifier === 'ForAllValues' || quantifier === 'ForAnyValue' ? quantifier : undefined,
  };
}

/** Returns the operator of a base name; undefined for one that this evaluator does not know. */
export function findOperator(base: string): ConditionOperator | undefined {
  return OPERATORS.get(base);
}

type Test = ConditionOperator['test'];

const bool: Test = (policyValue, value) => policyValue.toLowerCase() === value.toLowerCase();
const numeric = (compare: Compare): Test => ordered(Number, compare);
const date = (compare: Compare): Test => ordered(instantMs, compare);

type Compare = (value: number, policyValue: number) => boolean;

const equal: Compare = (value, policyValue) => value === policyValue;
const less: Compare = (value, policyValue) => value < policyValue;
const lessOrEqual: Compare = (value, policyValue) => value <= policyValue;
const greater: Compare = (value, policyValue) => value > policyValue;
const greaterOrEqual: Compare = (value, policyValue) => value >= policyValue;

const OPERATORS: ReadonlyMap<string, ConditionOperator> = new Map([
  ['StringEquals', { test: equalsText, negated: false }],
  ['StringNotEquals', { test: equalsText, negated: true }],
  ['StringEqualsIgnoreCase', { test: equalsIgnoringCase, negated: false }],
  ['StringNotEqualsIgnoreCase', { test: equalsIgnoringCase, negated: true }],
  ['StringLike', { test: matchesText, negated: false }],
  ['StringNotLike', { test: matchesText, negated: true }],
  ['ArnEquals', { test: matchesArn, negated: false }],
  ['ArnLike', { test: matchesArn, negated: false }],
  ['ArnNotEquals', { test: matchesArn, negated: true }],
  ['ArnNotLike', { test: matchesArn, negated: true }],
  ['Bool', { test: bool, negated: false }],
  ...comparisons('Numeric', numeric),
  ...comparisons('Date', date),
]);

function comparisons(
  kind: string,
  test: (compare: Compare) => Test,
): readonly (readonly [string, ConditionOperator])[] {
  return [
    [`${kind}Equals`, { test: test(equal), negated: false }],
    [`${kind}NotEquals`, { test: test(equal), negated: true }],
    [`${kind}LessThan`, { test: test(less), negated: false }],
    [`${kind}LessThanEquals`, { test: test(lessOrEqual), negated: false }],
    [`${kind}GreaterThan`, { test: test(greater), negated: false }],
    [`${kind}GreaterThanEquals`, { test: test(greaterOrEqual), negated: false }],
  ];
}

function ordered(read: (text: string) => number, compare: Compare): Test {
  return (policyValue, value) => compare(read(value), read(policyValue));
}

/** Reads a date, which is ISO 8601 or seconds since the epoch. */
function instantMs(text: string): number {
  return /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}
