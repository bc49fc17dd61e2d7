/**
 * TransactWriteItems and TransactGetItems: a transaction takes effect completely or not at all, in one order with
 * every other write. Under contention callers wait here, and AWS would answer TransactionConflict; a fault can
 * answer that.
 */
import { createHash } from 'node:crypto';
import { AwsError, type Clock } from '../front/service.ts';
import type { CheckedWrite, Engine, Input, Item } from './engine.ts';
import type { Gate } from './gate.ts';
import {
  type EntryKind,
  transactEntries,
  type TransactEntry,
  validationException,
} from './transact-entries.ts';

export interface TransactContext {
  readonly engine: Engine;
  readonly gate: Gate;
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
  readonly operation: string;
  readonly input: Input;
  readonly check: CheckedWrite;
  readonly reason: Reason;
}

const TOKEN_MS = 10 * 60 * 1000;
const OPERATIONS: Readonly<Record<Exclude<EntryKind, 'Get'>, string>> = {
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
export async function transactWrite(context: TransactContext, input: Input): Promise<object> {
  const entries = transactEntries(input);
  return context.gate.alone(async () => {
    const token = input['ClientRequestToken'];
    const digest = createHash('sha256').update(JSON.stringify(input)).digest('hex');
    if (typeof token === 'string' && isRepeated(context, token, digest)) return {};
    const plan = await Promise.all(entries.map(async (entry) => planEntry(context.engine, entry)));
    checkDistinct(plan);
    throwIfCancelled(plan.map(({ reason }) => reason));
    await apply(context.engine, plan);
    if (typeof token === 'string')
      context.tokens.set(token, { digest, untilMs: context.clock.now() + TOKEN_MS });
    return {};
  });
}

/** Resolves to `{ Responses: [{ Item? }] }`, all read at one moment. */
export async function transactGet({ engine, gate }: TransactContext, input: Input): Promise<object> {
  const entries = transactEntries(input);
  if (entries.some(({ kind }) => kind !== 'Get'))
    throw validationException('TransactItems can only contain Get');
  const read = async ({ request }: TransactEntry): Promise<object> => engine.run('GetItem', request);
  return gate.alone(async () => ({ Responses: await Promise.all(entries.map(read)) }));
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

async function planEntry(engine: Engine, { kind, request }: TransactEntry): Promise<Planned> {
  if (kind === 'Get') throw validationException('TransactItems can not contain Get');
  const { ReturnValuesOnConditionCheckFailure: returned, ...input } = request;
  const operation = OPERATIONS[kind];
  const check = await engine.check(operation, input);
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

/**
 * Writes the items, whose conditions all hold. An update expression can still fail on the current item, which
 * undoes the rest.
 */
async function apply(engine: Engine, plan: readonly Planned[]): Promise<void> {
  const outcomes = await Promise.allSettled(plan.map(async (entry) => write(engine, entry)));
  if (outcomes.every(({ status }) => status === 'fulfilled')) return;
  await undo(
    engine,
    plan.filter((_, at) => outcomes[at]?.status === 'fulfilled'),
  );
  throwIfCancelled(outcomes.map(failureReason));
}

async function write(engine: Engine, { kind, operation, input }: Planned): Promise<void> {
  if (kind !== 'ConditionCheck') await engine.run(operation, input);
}

function failureReason(outcome: PromiseSettledResult<void>): Reason {
  if (outcome.status === 'fulfilled') return { Code: 'None' };
  if (!(outcome.reason instanceof AwsError)) throw outcome.reason;
  return { Code: 'ValidationError', Message: outcome.reason.message };
}

async function undo(engine: Engine, applied: readonly Planned[]): Promise<void> {
  for (const { kind, input, check } of applied) {
    if (kind === 'ConditionCheck') continue;
    const { TableName } = input;
    if (check.before === undefined) await engine.run('DeleteItem', { TableName, Key: check.key });
    else await engine.run('PutItem', { TableName, Item: check.before });
  }
}
