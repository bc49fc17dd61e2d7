/** The question whether a statement applies to a request: by its action, its resource and its conditions. */
import type { AccessRequest, PolicyDocument, PolicyStatement } from './authorizer.ts';
import { conditionsHold, type ContextLookup, type ContextValue } from './conditions.ts';
import { asList, matchesAction, matchesText, missingVariables, type Variables } from './matching.ts';

/** Returns the statements of a document that apply to the request, whatever their principals. */
export function applyingStatements(
  document: PolicyDocument,
  request: AccessRequest,
): readonly PolicyStatement[] {
  const lookup = contextLookup(request);
  const variables = policyVariables(document, lookup);
  return asList(document.Statement).filter((statement) => applies(statement, request, lookup, variables));
}

/**
 * Returns a lookup of condition keys without case. The keys of the principal and of the resource's owner always
 * exist.
 */
function contextLookup(request: AccessRequest): ContextLookup {
  let found: ReadonlyMap<string, ContextValue> | undefined;
  return (key) => {
    // Many statements have neither a condition nor a variable.
    found ??= contextValues(request);
    return found.get(key.toLowerCase());
  };
}

function contextValues(request: AccessRequest): ReadonlyMap<string, ContextValue> {
  const { principal, resourceAccountId, context = {} } = request;
  const found = new Map<string, ContextValue>();
  for (const [key, value] of Object.entries(context)) {
    const name = key.toLowerCase();
    const before = found.get(name);
    found.set(name, {
      values: [...(before?.values ?? []), ...asList(value)],
      isMultivalued: before?.isMultivalued === true || typeof value !== 'string',
    });
  }
  found.set('aws:principalarn', single(principal.roleArn ?? principal.arn));
  found.set('aws:principalaccount', single(principal.accountId));
  found.set('aws:resourceaccount', single(resourceAccountId));
  return found;
}

function single(value: string): ContextValue {
  return { values: [value], isMultivalued: false };
}

/** Returns the variables of a document. Documents of the version before 2012-10-17, the default, have none. */
function policyVariables(document: PolicyDocument, lookup: ContextLookup): Variables | undefined {
  if (document.Version !== '2012-10-17') return undefined;
  return (name) => {
    const { values = [], isMultivalued = false } = lookup(name) ?? {};
    return isMultivalued || values.length > 1 ? undefined : values[0];
  };
}

function applies(
  statement: PolicyStatement,
  request: AccessRequest,
  lookup: ContextLookup,
  variables: Variables | undefined,
): boolean {
  const fill: Variables = variables ?? ((name) => `\${${name}}`);
  return (
    actionApplies(statement, request.action) &&
    resourceApplies(statement, request.resource, fill) &&
    conditionsHold(statement.Condition, lookup, fill) &&
    textsOf(statement).every((text) => missingVariables(text, fill).length === 0)
  );
}

function actionApplies(statement: PolicyStatement, action: string): boolean {
  const named = (patterns: PolicyStatement['Action']): boolean =>
    asList(patterns).some((pattern) => matchesAction(pattern, action));
  return statement.NotAction === undefined ? named(statement.Action) : !named(statement.NotAction);
}

function resourceApplies(statement: PolicyStatement, resource: string, variables: Variables): boolean {
  const named = (patterns: PolicyStatement['Resource']): boolean =>
    asList(patterns).some((pattern) => matchesText(pattern, resource, variables));
  return statement.NotResource === undefined ? named(statement.Resource) : !named(statement.NotResource);
}

const texts = new WeakMap<PolicyStatement, readonly string[]>();

/** Returns the texts of a statement that have a variable. A statement never changes, so they are found once. */
function textsOf(statement: PolicyStatement): readonly string[] {
  const known = texts.get(statement) ?? allTexts(statement).filter((text) => text.includes('${'));
  texts.set(statement, known);
  return known;
}

function allTexts(statement: PolicyStatement): readonly string[] {
  const values = Object.values(statement.Condition ?? {}).flatMap((keys) =>
    Object.values(keys).flatMap((value) => asList<string | boolean | number>(value).map(String)),
  );
  return [...asList(statement.Resource), ...asList(statement.NotResource), ...values];
}
