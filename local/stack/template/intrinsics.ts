/**
 * CloudFormation's intrinsic functions and pseudo parameters. Any other is refused by name, because a guessed value
 * would make a wrong resource.
 */
import { StackError } from './stack-error.ts';
import type { Template, TemplateValue } from './template.ts';

/** A created resource: the value that `Ref` gives, and the values that `Fn::GetAtt` gives by attribute name. */
export interface Created {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Scope {
  readonly template: Template;
  /** Values of `AWS::AccountId` and the other pseudo parameters, by name. */
  readonly pseudoParameters: Readonly<Record<string, string>>;
  /** The resources created so far, by logical id. */
  readonly created: ReadonlyMap<string, Created>;
}

type Intrinsic = (argument: TemplateValue, scope: Scope) => TemplateValue | undefined;

/**
 * Returns the value with every intrinsic replaced; undefined for `AWS::NoValue`, which also drops the property or
 * item it stands for.
 * @throws StackError for an unknown intrinsic or name
 */
export function resolve(node: TemplateValue, scope: Scope): TemplateValue | undefined {
  if (typeof node !== 'object' || node === null) return node;
  if (isList(node)) return node.map((item) => resolve(item, scope)).filter((item) => item !== undefined);
  const [key = '', ...more] = Object.keys(node);
  if (more.length === 0 && (key === 'Ref' || key === 'Condition' || key.startsWith('Fn::')))
    return intrinsic(key)(node[key] ?? null, scope);
  return Object.fromEntries(
    Object.entries(node).flatMap(([name, child]) => {
      const resolved = resolve(child, scope);
      return resolved === undefined ? [] : [[name, resolved]];
    }),
  );
}

/**
 * True when the condition of that name holds.
 * @throws StackError for a name that the template does not define
 */
export function holds(name: string, scope: Scope): boolean {
  const condition = scope.template.Conditions[name];
  if (condition === undefined) throw new StackError('', `Condition ${name} is not defined`);
  return resolve(condition, scope) === true;
}

const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  Ref: (name, scope) => reference(text(name), scope),
  Condition: (name, scope) => holds(text(name), scope),
  'Fn::GetAtt': (argument, scope) => {
    const [id, ...attribute] = isList(argument) ? list(argument, scope) : text(argument).split('.');
    return attributeOf(text(id), attribute.map(text).join('.'), scope);
  },
  'Fn::Sub': (argument, scope) => {
    const [template = '', variables = {}] = isList(argument) ? argument : [argument];
    return substitute(text(template), resolve(variables, scope) ?? {}, scope);
  },
  'Fn::Join': (argument, scope) => {
    const [separator, items = []] = list(argument, scope);
    return list(items, scope).map(text).join(text(separator));
  },
  'Fn::Split': (argument, scope) => {
    const [separator, source] = list(argument, scope);
    return text(source).split(text(separator));
  },
  'Fn::Select': (argument, scope) => {
    const [index, items = []] = list(argument, scope);
    const item = list(items, scope)[Number(index)];
    if (item === undefined) throw new StackError('', `Fn::Select cannot select item ${text(index)}`);
    return item;
  },
  'Fn::If': (argument, scope) => {
    const [name, whenTrue = null, whenFalse = null] = isList(argument) ? argument : [];
    return resolve(holds(text(name), scope) ? whenTrue : whenFalse, scope);
  },
  'Fn::Equals': (argument, scope) => {
    const [left, right] = list(argument, scope).map((item) => JSON.stringify(item));
    return left === right;
  },
  'Fn::Not': (argument, scope) => list(argument, scope)[0] !== true,
  'Fn::And': (argument, scope) => list(argument, scope).every((item) => item === true),
  'Fn::Or': (argument, scope) => list(argument, scope).includes(true),
};

function intrinsic(name: string): Intrinsic {
  const found = INTRINSICS[name];
  if (!found) throw new StackError('', `Intrinsic function ${name} is not implemented`);
  return found;
}

function reference(name: string, scope: Scope): TemplateValue | undefined {
  if (name === 'AWS::NoValue') return undefined;
  const found =
    scope.pseudoParameters[name] ?? scope.created.get(name)?.ref ?? scope.template.Parameters[name]?.Default;
  if (found === undefined) throw new StackError('', `Unresolved resource dependency [${name}]`);
  return found;
}

function attributeOf(id: string, attribute: string, scope: Scope): string {
  const found = scope.created.get(id)?.attributes[attribute];
  if (found === undefined) throw new StackError('', `Attribute ${attribute} of ${id} is not known`);
  return found;
}

/** Replaces `${Name}` and `${Name.Attribute}`, own variables first. `${!Literal}` becomes `${Literal}`. */
function substitute(template: string, variables: TemplateValue, scope: Scope): string {
  const own = new Map(Object.entries(Object(variables)));
  return template.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => {
    if (name.startsWith('!')) return `\${${name.slice(1)}}`;
    if (own.has(name)) return String(own.get(name));
    const [id = '', ...attribute] = name.split('.');
    return attribute.length > 0 ? attributeOf(id, attribute.join('.'), scope) : text(reference(name, scope));
  });
}

function list(node: TemplateValue, scope: Scope): readonly TemplateValue[] {
  const resolved = resolve(node, scope);
  if (resolved === undefined || !isList(resolved))
    throw new StackError('', 'Template error: an intrinsic function expected a list');
  return resolved;
}

function text(node: TemplateValue | undefined): string {
  if (typeof node === 'string' || typeof node === 'number' || typeof node === 'boolean') return String(node);
  throw new StackError('', 'Template error: an intrinsic function expected a string');
}

function isList(node: TemplateValue): node is readonly TemplateValue[] {
  return Array.isArray(node);
}
