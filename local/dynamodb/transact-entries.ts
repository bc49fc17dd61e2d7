/** The items of a transaction: the action of each, and the checks that AWS makes before any of them. */
import * as z from 'zod';
import { readInput } from '../front/operation-input.ts';
import { AwsError } from '../front/service.ts';
import type { Input } from './engine.ts';

export type EntryKind = 'Put' | 'Update' | 'Delete' | 'ConditionCheck' | 'Get';

export interface TransactEntry {
  readonly kind: EntryKind;
  readonly request: Input;
}

/** The IAM action of each kind of item. */
export const TRANSACT_ACTIONS: Readonly<Record<EntryKind, string>> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
  Get: 'GetItem',
};

const KINDS = ['Put', 'Update', 'Delete', 'ConditionCheck', 'Get'] as const;
const request = z.looseObject({ TableName: z.string() }).optional();
const transactSchema = z.strictObject({
  TransactItems: z
    .array(
      z.strictObject({
        Put: request,
        Update: request,
        Delete: request,
        ConditionCheck: request,
        Get: request,
      }),
    )
    .min(1)
    .max(100),
  ClientRequestToken: z.string().min(1).max(36).optional(),
  ReturnConsumedCapacity: z.literal('NONE').optional(),
  ReturnItemCollectionMetrics: z.literal('NONE').optional(),
});

/**
 * Returns the items of a transaction.
 * @throws ValidationException unless there are 1 to 100 items of exactly one kind each
 */
export function transactEntries(input: Input): readonly TransactEntry[] {
  return readInput(transactSchema, input, validationException).TransactItems.map((item) => {
    const present = KINDS.flatMap((kind) =>
      item[kind] === undefined ? [] : [{ kind, request: item[kind] }],
    );
    const [first] = present;
    if (first === undefined || present.length > 1)
      throw validationException('TransactItems can only contain one of Check, Put, Update or Delete');
    return first;
  });
}

export function validationException(message: string): AwsError {
  return new AwsError('ValidationException', 400, message);
}
