/** The Condition block of a statement: every operator and every key of it must hold. */
import type { PolicyStatement } from './authorizer.ts';
import { findOperator, parseOperatorName } from './condition-operators.ts';
import type { ConditionOperator, OperatorName } from './condition-operators.ts';
import { asList } from './matching.ts';
import type { Variables } from './matching.ts';

/** The values of a condition key in this request, by its name in any case; undefined where the request has none. */
export type ContextLookup = (key: string) => readonly string[] | undefined;

/** Throws UnknownOperatorError rather than let a condition it cannot read pass. */
export function conditionsHold(
  condition: PolicyStatement['Condition'],
  lookup: ContextLookup,
  variables: Variables,
): boolean {
  return Object.entries(condition ?? {}).every(([name, keys]) => {
    const test = operatorTest(name, variables);
    return Object.entries(keys).every(([key, expected]) =>
      test(lookup(key), asList<string | boolean | number>(expected).map(String)),
    );
  });
}

export class UnknownOperatorError extends Error {
  override readonly name = 'UnknownOperatorError';
  constructor(operator: string) {
    super(`The policy evaluator does not know the condition operator ${operator}`);
  }
}

type ValuesTest = (values: readonly string[] | undefined, expected: readonly string[]) => boolean;

function operatorTest(name: string, variables: Variables): ValuesTest {
  const parsed = parseOperatorName(name);
  if (parsed.base === 'Null' && parsed.quantifier === undefined && !parsed.ifExists) return isNull;
  const operator = findOperator(parsed.base);
  if (operator === undefined) throw new UnknownOperatorError(name);
  return (values, expected) => holds(parsed, operator, values, expected, variables);
}

const isNull: ValuesTest = (values, expected) => expected.includes(String(values === undefined));

function holds(
  name: OperatorName,
  operator: ConditionOperator,
  values: readonly string[] | undefined,
  expected: readonly string[],
  variables: Variables,
): boolean {
  if (values === undefined) return absentHolds(name, operator);
  const satisfies = (value: string): boolean =>
    expected.some((policyValue) => operator.test(policyValue, value, variables)) !== operator.negated;
  if (name.quantifier === 'ForAnyValue') return values.some(satisfies);
  // A negated operator must hold for every value; a positive one for any, unless ForAllValues says every.
  return name.quantifier === 'ForAllValues' || operator.negated
    ? values.every(satisfies)
    : values.some(satisfies);
}

/** An absent key satisfies IfExists, ForAllValues and every negated operator, and nothing else. */
function absentHolds(name: OperatorName, operator: ConditionOperator): boolean {
  if (name.ifExists || name.quantifier === 'ForAllValues') return true;
  return operator.negated && name.quantifier === undefined;
}
