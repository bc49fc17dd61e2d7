/** The expressions of DynamoDB: conditions, updates, queries and writes, and the requests that they make. */
import type {
  PutCommandInput,
  QueryCommandInput,
  TransactWriteCommandInput,
  UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';

/** The names and values that an expression of DynamoDB calls `#name` and `:value`. An undefined value is left out. */
interface Bindings {
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, unknown>>;
}

export interface Condition extends Bindings {
  readonly condition: string;
}

export interface Update extends Bindings {
  readonly update: string;
  readonly condition?: string | undefined;
}

export interface Query extends Bindings {
  /** The condition on the key. */
  readonly where: string;
  /** The number of items in a page. Default: as many as 1 MB holds. */
  readonly pageItems?: number;
}

export type Write =
  | { readonly put: object; readonly only?: Condition }
  | { readonly delete: object; readonly only?: Condition };

/** The condition that no item has this key yet. */
export const ABSENT: Condition = { condition: 'attribute_not_exists(pk)' };

type Request<Input> = Omit<Input, 'TableName'>;

export function updateInput(
  key: object,
  { update, condition, ...bindings }: Update,
): Request<UpdateCommandInput> {
  return {
    Key: { ...key },
    UpdateExpression: update,
    ConditionExpression: condition,
    ...bound(bindings),
  };
}

export function queryInput({ where, pageItems, ...bindings }: Query): Request<QueryCommandInput> {
  return { KeyConditionExpression: where, ...bound(bindings), ConsistentRead: true, Limit: pageItems };
}

export function transactItem(
  TableName: string,
  write: Write,
): NonNullable<TransactWriteCommandInput['TransactItems']>[number] {
  const condition = conditional(write.only);
  return 'put' in write
    ? { Put: { TableName, Item: { ...write.put }, ...condition } }
    : { Delete: { TableName, Key: { ...write.delete }, ...condition } };
}

type Conditional = Pick<
  PutCommandInput,
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

export function conditional(only: Condition | undefined): Conditional {
  if (only === undefined) return {};
  const { condition, ...bindings } = only;
  return { ConditionExpression: condition, ...bound(bindings) };
}

function bound({ names, values }: Bindings) {
  return {
    ...(names !== undefined && { ExpressionAttributeNames: prefixed('#', names) }),
    ...(values !== undefined && { ExpressionAttributeValues: prefixed(':', values) }),
  };
}

function prefixed<T>(prefix: '#' | ':', named: Readonly<Record<string, T>>): Record<string, T> {
  const there = Object.entries(named).filter(([, value]) => value !== undefined);
  return Object.fromEntries(there.map(([name, value]) => [`${prefix}${name}`, value]));
}
