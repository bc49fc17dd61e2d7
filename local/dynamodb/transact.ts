/**
 * TransactWriteItems and TransactGetItems: a transaction takes effect completely or not at all, in one order with
 * every other write. It runs in one step here, so that none meets another; AWS would answer TransactionConflict to one
 * of two at once. A fault can answer that.
 */
import { createHash } from 'node:crypto';
import { AwsError, type Clock } from '../front/service.ts';
import type { CheckedWrite, Engine, Input, Item, ItemOperation } from './engine.ts';
import {
  type EntryKind,
  transactEntries,
  type TransactEntry,
  validationException,
} from './transact-entries.ts';

export interface TransactContext {
  readonly engine: Engine;
  readonly clock: Clock;
  /** Client request tokens of the last ten minutes, each with the digest of its request. */
  readonly tokens: Map<string, { readonly digest: string; readonly untilMs: number }>;
}

interface Reason {
  readonly Code: string;
  readonly Message?: string;
  readonly Item?: Item;
}

interface Planned {
  readonly kind: EntryKind;
  readonly operation: ItemOperation;
  readonly input: Input;
  readonly check: CheckedWrite;
  readonly reason: Reason;
}

const TOKEN_MS = 10 * 60 * 1000;
const OPERATIONS: Readonly<Record<Exclude<EntryKind, 'Get'>, ItemOperation>> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  // A ConditionCheck takes the same input as a DeleteItem, and is only checked.
  ConditionCheck: 'DeleteItem',
};

/**
 * Writes all items or none.
 * @throws TransactionCanceledException with a reason per item, IdempotentParameterMismatchException, or what a
 * single write throws
 */
export function transactWrite(context: TransactContext, input: Input): object {
  const entries = transactEntries(input);
  const token = input['ClientRequestToken'];
  const digest = createHash('sha256').update(JSON.stringify(input)).digest('hex');
  if (typeof token === 'string' && isRepeated(context, token, digest)) return {};
  const plan = entries.map((entry) => planEntry(context.engine, entry));
  checkDistinct(plan);
  throwIfCancelled(plan.map(({ reason }) => reason));
  context.engine.atomically(() => throwIfCancelled(plan.map((entry) => write(context.engine, entry))));
  if (typeof token === 'string')
    context.tokens.set(token, { digest, untilMs: context.clock.now() + TOKEN_MS });
  return {};
}

/** Returns `{ Responses: [{ Item? }] }`, all read at one moment. */
export function transactGet({ engine }: TransactContext, input: Input): object {
  const entries = transactEntries(input);
  if (entries.some(({ kind }) => kind !== 'Get'))
    throw validationException('TransactItems can only contain Get');
  return { Responses: entries.map(({ request }) => engine.now('GetItem', request)) };
}

function isRepeated({ tokens, clock }: TransactContext, token: string, digest: string): boolean {
  const nowMs = clock.now();
  for (const [known, { untilMs }] of tokens) if (untilMs <= nowMs) tokens.delete(known);
  const earlier = tokens.get(token);
  if (earlier !== undefined && earlier.digest !== digest)
    throw new AwsError(
      'IdempotentParameterMismatchException',
      400,
      'The request uses the same client token as a previous, but non-identical request.',
    );
  return earlier !== undefined;
}

function planEntry(engine: Engine, { kind, request }: TransactEntry): Planned {
  if (kind === 'Get') throw validationException('TransactItems can not contain Get');
  const { ReturnValuesOnConditionCheckFailure: returned, ...input } = request;
  const operation = OPERATIONS[kind];
  const check = engine.check(operation, input);
  const reason = check.conditionHolds ? { Code: 'None' } : conditionFailed(returned, check.before);
  return { kind, operation, input, check, reason };
}

function conditionFailed(returned: unknown, before: Item | undefined): Reason {
  const withItem = returned === 'ALL_OLD' && before !== undefined;
  return {
    Code: 'ConditionalCheckFailed',
    Message: 'The conditional request failed',
    ...(withItem && { Item: before }),
  };
}

function checkDistinct(plan: readonly Planned[]): void {
  if (new Set(plan.map(({ check }) => check.identity)).size < plan.length)
    throw validationException('Transaction request cannot include multiple operations on one item');
}

function throwIfCancelled(reasons: readonly Reason[]): void {
  if (reasons.every(({ Code }) => Code === 'None')) return;
  const codes = reasons.map(({ Code }) => Code).join(', ');
  throw new AwsError(
    'TransactionCanceledException',
    400,
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    { CancellationReasons: reasons },
  );
}

/** Writes an item whose condition holds. An update expression can still fail on the item, which is the reason then. */
function write(engine: Engine, { kind, operation, input }: Planned): Reason {
  try {
    if (kind !== 'ConditionCheck') engine.now(operation, input);
    return { Code: 'None' };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { Code: 'ValidationError', Message: error.message };
  }
}
