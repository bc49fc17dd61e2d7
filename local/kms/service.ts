/**
 * The KMS of the local AWS: real AES-256-GCM, key policies and identity policies across accounts, key states that
 * reach the data plane with a delay on demand, and the events that AWS would send. The front injects throttling and
 * outages.
 */
import type { Authorizer } from '../iam/authorizer.ts';
import { AwsError, type Caller, type Clock, type JsonService, type Publish } from '../front/service.ts';
import { type CallLog, createCallLog, type KmsCall } from './call-log.ts';
import { notImplemented } from './errors.ts';
import { currentView, type KmsKey, MAX_PROPAGATION_SECONDS, viewAt } from './key.ts';
import type { Call, Input, Operation } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import { passTime } from './passing-time.ts';
import { openStore, type Store } from './store.ts';
import { callEvent } from './trail.ts';

export interface KmsOptions {
  /** The folder of the keys. Default: they stay in memory. */
  readonly dataDir?: string | undefined;
  readonly clock: Clock;
  readonly authorizer: Authorizer;
  readonly publish: Publish;
  /** The Regions to which keys can be replicated. Default: all. */
  readonly regions?: readonly string[] | undefined;
}

export interface Kms extends JsonService {
  /**
   * Sets how long the data plane sees the state before a change. Default 0, at most 3600 seconds. With `describe`
   * (default false) DescribeKey sees it too, for callers of another account than the key's own.
   */
  setPropagationDelay(seconds: number, options?: { readonly describe?: boolean | undefined }): void;
  /** Deletes, expires and rotates what is due by the clock, and publishes the events. Every call does so first. */
  tick(): Promise<void>;
  /** Returns the newest calls, oldest first. */
  calls(): readonly KmsCall[];
  clearCalls(): void;
  /** Resolves when everything is saved. */
  close(): Promise<void>;
}

export async function createKms(options: KmsOptions): Promise<Kms> {
  const service: Service = {
    options,
    store: await openStore(options.dataDir),
    log: createCallLog(),
    delayMs: 0,
    isDescribedLate: false,
  };
  return {
    call: (operation, input, caller) => answer(service, operation, input, caller),
    setPropagationDelay(seconds, { describe = false } = {}) {
      if (!(seconds >= 0 && seconds <= MAX_PROPAGATION_SECONDS))
        throw new RangeError(
          `The propagation delay must lie between 0 and ${MAX_PROPAGATION_SECONDS} seconds`,
        );
      service.delayMs = seconds * 1000;
      service.isDescribedLate = describe;
    },
    tick: () => tick(service),
    calls: () => service.log.entries(),
    clearCalls: () => service.log.clear(),
    close: () => service.store.save(),
  };
}

interface Service {
  readonly options: KmsOptions;
  readonly store: Store;
  readonly log: CallLog;
  delayMs: number;
  isDescribedLate: boolean;
}

async function tick({ options, store }: Service): Promise<void> {
  const events = passTime(store, options.clock.now());
  if (events.length === 0) return;
  await store.save();
  for (const event of events) await options.publish(event);
}

async function answer(service: Service, name: string, input: Input, caller: Caller): Promise<object> {
  const operation = OPERATIONS.get(name);
  if (operation === undefined) throw notImplemented(name);
  await tick(service);
  const call = newCall(service, operation, caller);
  const outcome = await attempt(operation, call, input);
  service.log.add(name, caller, call.note, outcome.error?.code ?? 'Success', call.nowMs);
  if (operation.kind === 'write') await record(service, name, input, call, outcome);
  if (outcome.error !== undefined) throw outcome.error;
  return outcome.answer;
}

type Outcome =
  | { readonly answer: object; readonly error?: undefined }
  | { readonly answer?: undefined; readonly error: AwsError };

/** Runs an operation. A refusal is an outcome; anything else is a bug and is thrown. */
async function attempt(operation: Operation, call: Call, input: Input): Promise<Outcome> {
  try {
    return { answer: await operation.run(call, input) };
  } catch (error) {
    if (error instanceof AwsError) return { error };
    throw error;
  }
}

function newCall(service: Service, { kind }: Operation, caller: Caller): Call {
  const { options, store, delayMs, isDescribedLate } = service;
  const nowMs = options.clock.now();
  function isLate({ accountId }: KmsKey): boolean {
    return kind === 'use' || (kind === 'read' && isDescribedLate && accountId !== caller.principal.accountId);
  }
  return {
    store,
    authorizer: options.authorizer,
    caller,
    nowMs,
    regions: options.regions,
    note: { dryRun: false },
    viewOf: (key) => (isLate(key) ? viewAt(key, nowMs - delayMs) : currentView(key)),
  };
}

async function record(
  { options, store }: Service,
  operation: string,
  input: Input,
  { caller, note, nowMs }: Call,
  { answer: result, error }: Outcome,
): Promise<void> {
  if (error === undefined) await store.save();
  await options.publish(callEvent({ operation, input, caller, note, timeMs: nowMs, answer: result, error }));
}
