/** A CloudFormation template: its sections, and the order in which its resources are created. */
import * as z from 'zod';
import { StackError } from './stack-error.ts';

export type TemplateValue =
  string | number | boolean | null | readonly TemplateValue[] | { readonly [key: string]: TemplateValue };

export interface TemplateResource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, TemplateValue>>;
  readonly DependsOn: readonly string[];
  /** The name of a condition. */
  readonly Condition?: string;
}

export interface Template {
  readonly Parameters: Readonly<Record<string, { readonly Default?: string | number }>>;
  readonly Conditions: Readonly<Record<string, TemplateValue>>;
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: TemplateValue; readonly Condition?: string }>>;
}

const value: z.ZodType<TemplateValue> = z.json();

/** The schema of a template. Sections and attributes that change nothing here are dropped; any other is refused. */
const templateSchema: z.ZodType<Template> = z.strictObject({
  AWSTemplateFormatVersion: z.string().optional(),
  Description: z.string().optional(),
  Metadata: z.unknown().optional(),
  Parameters: z
    .record(z.string(), z.object({ Default: z.union([z.string(), z.number()]).optional() }))
    .default({}),
  Conditions: z.record(z.string(), value).default({}),
  Resources: z.record(
    z.string(),
    z.strictObject({
      Type: z.string(),
      Properties: z.record(z.string(), value).default({}),
      DependsOn: z.union([z.array(z.string()), z.string().transform((id) => [id])]).default([]),
      Condition: z.string().optional(),
      DeletionPolicy: z.unknown().optional(),
      UpdateReplacePolicy: z.unknown().optional(),
      Metadata: z.unknown().optional(),
    }),
  ),
  Outputs: z
    .record(
      z.string(),
      z.strictObject({
        Value: value,
        Condition: z.string().optional(),
        Description: z.unknown().optional(),
        Export: z.unknown().optional(),
      }),
    )
    .default({}),
});

/**
 * Parses a template.
 * @throws StackError for what is no template, or holds a section that would be ignored
 */
export function parseTemplate(json: unknown): Template {
  const parsed = templateSchema.safeParse(json);
  if (!parsed.success) throw new StackError('', `Template format error: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/**
 * Returns the logical ids, each after those it refers to or depends on.
 * @throws StackError for a circle
 */
export function creationOrder({ Resources }: Template): readonly string[] {
  const ordered = new Set<string>();
  const visit = (id: string, path: readonly string[]): void => {
    const resource = Resources[id];
    if (!resource || ordered.has(id)) return;
    if (path.includes(id))
      throw new StackError(id, `Circular dependency between resources: [${path.join(', ')}]`);
    for (const next of [...resource.DependsOn, ...references(resource.Properties)])
      visit(next, [...path, id]);
    ordered.add(id);
  };
  for (const id of Object.keys(Resources)) visit(id, []);
  return [...ordered];
}

/** Yields every name that a value mentions by Ref, Fn::GetAtt or Fn::Sub. */
function* references(node: TemplateValue): Generator<string> {
  if (typeof node !== 'object' || node === null) return;
  if (Array.isArray(node)) {
    for (const item of node) yield* references(item);
    return;
  }
  for (const [key, child] of Object.entries(node)) {
    if (key === 'Ref' && typeof child === 'string') yield child;
    else if (key === 'Fn::GetAtt') yield String(Array.isArray(child) ? child[0] : child).split('.')[0] ?? '';
    else yield* key === 'Fn::Sub' ? subReferences(child) : references(child);
  }
}

function* subReferences(argument: TemplateValue): Generator<string> {
  const [text, variables = {}] = Array.isArray(argument) ? argument : [argument];
  for (const [, name = ''] of String(text).matchAll(/\$\{([^!}][^}]*)\}/g)) yield name.split('.')[0] ?? '';
  yield* references(variables);
}
