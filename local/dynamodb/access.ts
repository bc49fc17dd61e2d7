/** The actions and resources that an operation is to IAM. */
import * as z from 'zod';
import { requireAccess } from '../iam/access.ts';
import type { AccessRequest, Authorizer } from '../iam/authorizer.ts';
import type { Caller } from '../front/service.ts';
import type { Input } from './engine.ts';
import { leadingKeys } from './leading-keys.ts';
import { requestedAttributes } from './requested-attributes.ts';
import { TRANSACT_ACTIONS, transactEntries } from './transact-entries.ts';

export interface AccessPorts {
  readonly authorizer: Authorizer;
  /** Returns the partition key's attribute of a table; undefined for a table that does not exist. */
  readonly partitionKey: (table: string) => string | undefined;
}

interface Access {
  readonly action: string;
  /** The resource's name after `arn:aws:dynamodb:{region}:{account}:table/`, or a whole ARN. */
  readonly resource: string;
  /** The table and the request about its items, if the operation names items. */
  readonly items?: { readonly table: string; readonly request: unknown };
}

const optionsSchema = z.object({ ReturnValues: z.string().optional(), Select: z.string().optional() });
const ITEM_WRITES: ReadonlySet<string> = new Set(['PutItem', 'UpdateItem', 'DeleteItem']);

/** @throws AccessDeniedException unless the caller may do all that the operation does. */
export function requireTableAccess(
  { authorizer, partitionKey }: AccessPorts,
  { operation, input }: { readonly operation: string; readonly input: Input },
  { principal, region }: Caller,
): void {
  const resourceAccountId = principal.accountId;
  for (const { action, resource, items } of accesses(operation, input)) {
    const keyName = items && partitionKey(items.table);
    requireAccess(
      authorizer,
      {
        principal,
        action: `dynamodb:${action}`,
        resource: resource.startsWith('arn:')
          ? resource
          : `arn:aws:dynamodb:${region}:${principal.accountId}:table/${resource}`,
        resourceAccountId,
        context: keyName === undefined ? {} : conditionKeys(operation, action, items?.request, keyName),
      },
      400,
    );
  }
}

/**
 * Returns the condition keys of a request about items. An empty list is left out, as AWS leaves it out.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
 */
function conditionKeys(
  operation: string,
  action: string,
  request: unknown,
  keyName: string,
): Required<AccessRequest>['context'] {
  const keys = leadingKeys(request, keyName);
  const attributes = requestedAttributes(request);
  const { ReturnValues = 'NONE', Select } = optionsSchema.safeParse(request).data ?? {};
  return {
    ...(keys.length === 0 ? {} : { 'dynamodb:LeadingKeys': keys }),
    ...(attributes.length === 0 ? {} : { 'dynamodb:Attributes': attributes }),
    ...(operation.startsWith('Transact') ? { 'dynamodb:EnclosingOperation': [operation] } : {}),
    ...(ITEM_WRITES.has(action) ? { 'dynamodb:ReturnValues': ReturnValues } : {}),
    ...(action === 'Query' || action === 'Scan' ? { 'dynamodb:Select': Select ?? 'ALL_ATTRIBUTES' } : {}),
  };
}

function accesses(operation: string, input: Input): readonly Access[] {
  if (operation === 'TransactWriteItems' || operation === 'TransactGetItems')
    return transactEntries(input).map(({ kind, request }) =>
      itemAccess(TRANSACT_ACTIONS[kind], String(request['TableName']), request),
    );
  const { RequestItems, ResourceArn, IndexName, TableName } = input;
  if (typeof RequestItems === 'object' && RequestItems !== null)
    return Object.entries(RequestItems).map(([table, request]) => itemAccess(operation, table, request));
  if (typeof ResourceArn === 'string') return [{ action: operation, resource: ResourceArn }];
  if (typeof TableName !== 'string') return [{ action: operation, resource: '*' }];
  if (typeof IndexName === 'string')
    return [{ action: operation, resource: `${TableName}/index/${IndexName}` }];
  return [itemAccess(operation, TableName, input)];
}

function itemAccess(action: string, table: string, request: unknown): Access {
  return { action, resource: table, items: { table, request } };
}
