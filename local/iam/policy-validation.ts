/** The check of a policy document when it is stored, so that evaluating it later never fails. */
import * as z from 'zod';
import type { PolicyDocument, PolicyStatement } from './authorizer.ts';
import { findOperator, parseOperatorName } from './condition-operators.ts';
import { asList } from './matching.ts';

/** A resource policy names principals; an identity policy must not. */
export type PolicyKind = 'resource' | 'identity';

export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

/**
 * Parses and checks a policy's text.
 * @throws PolicyError
 */
export function parsePolicy(text: string, kind: PolicyKind): PolicyDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new PolicyError('The policy is not valid JSON', { cause });
  }
  return assertPolicy(value, kind);
}

/**
 * Checks a policy.
 * @throws PolicyError for unknown elements, unknown condition operators, or principals where they cannot be
 */
export function assertPolicy(value: unknown, kind: PolicyKind): PolicyDocument {
  const parsed = document.safeParse(value);
  if (!parsed.success)
    throw new PolicyError(`Syntax errors in policy: ${parsed.error.issues[0]?.message ?? ''}`);
  for (const statement of asList(parsed.data.Statement)) assertStatement(statement, kind);
  return parsed.data;
}

const texts = z.union([z.string(), z.array(z.string()).readonly()]);
const principal = z.union([z.literal('*'), z.record(z.string(), texts)]);
const conditionValue = z.union([texts, z.boolean(), z.number()]);

const statementShape = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: principal.optional(),
  NotPrincipal: principal.optional(),
  Action: texts.optional(),
  NotAction: texts.optional(),
  Resource: texts.optional(),
  NotResource: texts.optional(),
  Condition: z.record(z.string(), z.record(z.string(), conditionValue)).optional(),
});

const document = z.strictObject({
  Version: z.enum(['2012-10-17', '2008-10-17']).optional(),
  Id: z.string().optional(),
  Statement: z.union([statementShape, z.array(statementShape).readonly()]),
});

function assertStatement(statement: PolicyStatement, kind: PolicyKind): void {
  assertOneOf(statement.Action, statement.NotAction, 'Action');
  assertOneOf(statement.Resource, statement.NotResource, 'Resource');
  if (kind === 'resource') assertPrincipals(statement);
  else if (statement.Principal !== undefined || statement.NotPrincipal !== undefined)
    throw new PolicyError('An identity policy must not name a Principal');
  for (const operator of Object.keys(statement.Condition ?? {})) assertOperator(operator);
}

function assertOneOf(positive: unknown, negative: unknown, element: string): void {
  if ((positive === undefined) === (negative === undefined))
    throw new PolicyError(`A statement must have either ${element} or Not${element}`);
}

function assertPrincipals(statement: PolicyStatement): void {
  assertOneOf(statement.Principal, statement.NotPrincipal, 'Principal');
  const element = statement.Principal ?? statement.NotPrincipal;
  const names = element === '*' || element === undefined ? [] : asList(element['AWS']);
  if (!names.every((name) => AWS_PRINCIPAL.test(name)))
    throw new PolicyError('Policy contains a statement with one or more invalid principals.');
}

const AWS_PRINCIPAL =
  /^(\*|\d{12}|arn:aws:(iam::\d{12}:(root|(role|user)\/[^*?]+)|sts::\d{12}:assumed-role\/[^*?]+\/[^*?]+))$/;

function assertOperator(name: string): void {
  const { base } = parseOperatorName(name);
  if (name !== 'Null' && findOperator(base) === undefined)
    throw new PolicyError(`Unknown condition operator: ${name}`);
}
