/** The Condition block of a statement. Every operator and every key in it must hold. */
import type { PolicyStatement } from './authorizer.ts';
import {
  type ConditionOperator,
  findOperator,
  type OperatorName,
  parseOperatorName,
} from './condition-operators.ts';
import { asList, type Variables } from './matching.ts';

/** The values that a request has for one condition key. */
export interface ContextValue {
  readonly values: readonly string[];
  /**
   * True when the key may have several values in a request, as `events:source` and `dynamodb:LeadingKeys` may. IAM
   * demands a set operator (`ForAllValues`, `ForAnyValue`) for such a key, however many values this request has.
   * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
   */
  readonly isMultivalued: boolean;
}

/** Returns the values of a condition key by its name in any case; undefined when the request has none. */
export type ContextLookup = (key: string) => ContextValue | undefined;

/**
 * Returns true when every condition holds.
 * @throws UnknownOperatorError, so that a condition that cannot be read lets nothing pass
 */
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

type ValuesTest = (found: ContextValue | undefined, expected: readonly string[]) => boolean;

function operatorTest(name: string, variables: Variables): ValuesTest {
  const parsed = parseOperatorName(name);
  if (parsed.base === 'Null' && parsed.quantifier === undefined && !parsed.ifExists) return isNull;
  const operator = findOperator(parsed.base);
  if (operator === undefined) throw new UnknownOperatorError(name);
  return (found, expected) => holds(parsed, operator, found, expected, variables);
}

const isNull: ValuesTest = (found, expected) => expected.includes(String(found === undefined));

function holds(
  name: OperatorName,
  operator: ConditionOperator,
  found: ContextValue | undefined,
  expected: readonly string[],
  variables: Variables,
): boolean {
  if (found === undefined) return absentHolds(name, operator);
  const { values, isMultivalued } = found;
  // AWS promises nothing for a multivalued key without a set operator, so such a condition never holds here.
  if (isMultivalued && name.quantifier === undefined) return false;
  const satisfies = (value: string): boolean =>
    expected.some((policyValue) => operator.test(policyValue, value, variables)) !== operator.negated;
  if (name.quantifier === 'ForAnyValue') return values.some(satisfies);
  // A negated operator must hold for every value. A positive one must hold for one value, or for every value under
  // ForAllValues.
  return name.quantifier === 'ForAllValues' || operator.negated
    ? values.every(satisfies)
    : values.some(satisfies);
}

/** An absent key satisfies IfExists, ForAllValues and every negated operator, and nothing else. */
function absentHolds(name: OperatorName, operator: ConditionOperator): boolean {
  if (name.ifExists || name.quantifier === 'ForAllValues') return true;
  return operator.negated && name.quantifier === undefined;
}
