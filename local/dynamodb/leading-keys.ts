/**
 * The condition key `dynamodb:LeadingKeys`: the partition keys that a request names. It can confine a role to some
 * of a table's items.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
 */
import * as z from 'zod';

const item = z.record(z.string(), z.unknown());
const write = z.object({
  PutRequest: z.object({ Item: item }).optional(),
  DeleteRequest: z.object({ Key: item }).optional(),
});
const requestSchema = z.union([
  z.array(write),
  z.object({
    Key: item.optional(),
    Item: item.optional(),
    Keys: z.array(item).optional(),
    KeyConditionExpression: z.string().optional(),
    ExpressionAttributeNames: z.record(z.string(), z.string()).optional(),
    ExpressionAttributeValues: item.optional(),
    KeyConditions: z.record(z.string(), z.object({ AttributeValueList: z.array(z.unknown()) })).optional(),
  }),
]);
const keySchema = z.object({ S: z.string() }).or(z.object({ N: z.string() }));

/**
 * Returns the keys of a single-item request, a Query, or the part of a batch that is about one table. The list is
 * empty for a Scan, and for a malformed request, which the operation itself refuses.
 */
export function leadingKeys(request: unknown, partitionKey: string): readonly string[] {
  return named(request, partitionKey).flatMap((value) => {
    const key = keySchema.safeParse(value).data;
    return key === undefined ? [] : ['S' in key ? key.S : key.N];
  });
}

function named(request: unknown, partitionKey: string): readonly unknown[] {
  const parsed = requestSchema.safeParse(request).data;
  if (parsed === undefined) return [];
  if (Array.isArray(parsed))
    return parsed.map((entry) => (entry.PutRequest?.Item ?? entry.DeleteRequest?.Key)?.[partitionKey]);
  const { Key, Item, Keys = [], KeyConditions = {}, KeyConditionExpression: condition = '' } = parsed;
  const legacy = KeyConditions[partitionKey]?.AttributeValueList ?? [];
  if (condition === '') return [...[Key, Item, ...Keys].map((each) => each?.[partitionKey]), ...legacy];
  const { ExpressionAttributeNames: names = {}, ExpressionAttributeValues: values = {} } = parsed;
  return Array.from(condition.matchAll(/(#?\w+)\s*=\s*(:\w+)/gu))
    .filter(([, name = '']) => (names[name] ?? name) === partitionKey)
    .map(([, , value = '']) => values[value]);
}
