/** What an operation of the KMS API is given and what it leaves behind. */
import type { Authorizer } from '../iam/authorizer.ts';
import type { Caller } from '../front/service.ts';
import type { KeyView, KmsKey } from './key.ts';
import type { Store } from './store.ts';

export type Input = Readonly<Record<string, unknown>>;

/**
 * `use`: the data plane, which sees changes late; `read` and `write`: the control plane, where the account that wrote
 * sees its own writes, and other accounts see them late if one likes. A write is saved and goes to the trail.
 */
export type OperationKind = 'use' | 'read' | 'write';

export interface Operation {
  readonly kind: OperationKind;
  /** Throws AwsError. Changes the store only after every check. */
  run(call: Call, input: Input): object | Promise<object>;
}

export interface Call {
  readonly store: Store;
  readonly authorizer: Authorizer;
  readonly caller: Caller;
  readonly nowMs: number;
  /** Regions that exist; unset for all. */
  readonly regions?: readonly string[] | undefined;
  readonly note: CallNote;
  /** What this operation sees of a key. */
  viewOf(key: KmsKey): KeyView;
}

/** What the call log and the trail tell of a call; operations fill it in as they learn. */
export interface CallNote {
  key?: KmsKey;
  aliasArn?: string;
  encryptionContext?: Readonly<Record<string, string>>;
  dryRun: boolean;
}
