/** Which action on which resource an operation is, as IAM sees it. */
import { requireAccess } from '../access.ts';
import type { Authorizer } from '../iam/authorizer.ts';
import type { Caller } from '../service.ts';
import type { Input } from './engine.ts';
import { TRANSACT_ACTIONS, transactEntries } from './transact-entries.ts';

/** Throws AccessDeniedException unless the caller may do all that the operation does. */
export function requireTableAccess(
  authorizer: Authorizer,
  operation: string,
  input: Input,
  { principal, region }: Caller,
): void {
  const tables = `arn:aws:dynamodb:${region}:${principal.accountId}:table`;
  for (const [action, resource] of accesses(operation, input, tables)) {
    const resourceAccountId = principal.accountId;
    requireAccess(authorizer, { principal, action: `dynamodb:${action}`, resource, resourceAccountId }, 400);
  }
}

function accesses(operation: string, input: Input, tables: string): readonly (readonly [string, string])[] {
  if (operation === 'TransactWriteItems' || operation === 'TransactGetItems')
    return transactEntries(input).map(({ kind, request }) => [
      TRANSACT_ACTIONS[kind],
      `${tables}/${String(request['TableName'])}`,
    ]);
  const { RequestItems, ResourceArn, IndexName, TableName } = input;
  if (typeof RequestItems === 'object' && RequestItems !== null)
    return Object.keys(RequestItems).map((table) => [operation, `${tables}/${table}`]);
  if (typeof ResourceArn === 'string') return [[operation, ResourceArn]];
  const table = `${tables}/${typeof TableName === 'string' ? TableName : '*'}`;
  return [[operation, typeof IndexName === 'string' ? `${table}/index/${IndexName}` : table]];
}
