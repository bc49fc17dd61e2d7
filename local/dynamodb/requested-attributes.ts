/**
 * The condition key `dynamodb:Attributes`: the names of the attributes in a request. It can confine a role to some
 * of an item's attributes. Every name in the request counts: keys, the item that is put, and what an expression
 * reads, writes or compares. An attribute that is answered without being named does not count.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
 */
import * as z from 'zod';

const item = z.record(z.string(), z.unknown());
const names = item.transform(Object.keys);
const write = z.object({
  PutRequest: z.object({ Item: names }).optional(),
  DeleteRequest: z.object({ Key: names }).optional(),
});
const expression = z.string().default('');
const requestSchema = z.object({
  Key: names.default([]),
  Item: names.default([]),
  Keys: z.array(names).default([]),
  UpdateExpression: expression,
  ConditionExpression: expression,
  KeyConditionExpression: expression,
  FilterExpression: expression,
  ProjectionExpression: expression,
  ExpressionAttributeNames: z.record(z.string(), z.string()).default({}),
  // Requests used this member before there were expressions.
  AttributesToGet: z.array(z.string()).default([]),
  AttributeUpdates: names.default([]),
  Expected: names.default([]),
  KeyConditions: names.default([]),
  QueryFilter: names.default([]),
  ScanFilter: names.default([]),
});

/** Words of the expression languages. They are reserved: an attribute of such a name is written as `#name`. */
const WORDS: ReadonlySet<string> = new Set('SET REMOVE ADD DELETE AND OR NOT BETWEEN IN'.split(' '));

/**
 * Returns the attributes of a single-item request, a Query, a Scan, or the part of a batch that is about one table;
 * each name once. The list is empty for a malformed request, which the operation itself refuses.
 */
export function requestedAttributes(request: unknown): readonly string[] {
  const writes = z.array(write).safeParse(request).data;
  if (writes !== undefined)
    return distinct(
      writes.flatMap((one) => [one.PutRequest?.Item ?? [], one.DeleteRequest?.Key ?? []].flat()),
    );
  const parsed = requestSchema.safeParse(withoutNulls(request)).data;
  return parsed === undefined ? [] : distinct([...plainNames(parsed), ...expressionNames(parsed)]);
}

type Request = z.output<typeof requestSchema>;

function plainNames(request: Request): readonly string[] {
  const { Key, Item, Keys, AttributesToGet, AttributeUpdates, Expected } = request;
  const { KeyConditions, QueryFilter, ScanFilter } = request;
  return [
    ...[Key, Item, ...Keys].flat(),
    ...[AttributesToGet, AttributeUpdates, Expected, KeyConditions, QueryFilter, ScanFilter].flat(),
  ];
}

function expressionNames(request: Request): readonly string[] {
  const { UpdateExpression, ConditionExpression, KeyConditionExpression } = request;
  const { FilterExpression, ProjectionExpression, ExpressionAttributeNames } = request;
  return [
    UpdateExpression,
    ConditionExpression,
    KeyConditionExpression,
    FilterExpression,
    ProjectionExpression,
  ].flatMap((text) => topLevelNames(text).map((name) => ExpressionAttributeNames[name] ?? name));
}

/**
 * Returns the first names of the paths in an expression: of `#signal.#at` the first. Functions and `:values` do not
 * count.
 */
function topLevelNames(text: string): readonly string[] {
  return [...text.matchAll(/(?<![\w.:#])#?[A-Za-z_]\w*(?!\w|\s*\()/gu)]
    .map(([name]) => name)
    .filter((name) => !WORDS.has(name.toUpperCase()));
}

/** Removes members that are null, which count as absent. */
function withoutNulls(request: unknown): unknown {
  const members = item.safeParse(request).data ?? {};
  return Object.fromEntries(Object.entries(members).filter(([, member]) => member !== null));
}

function distinct(attributes: readonly string[]): readonly string[] {
  return [...new Set(attributes)];
}
