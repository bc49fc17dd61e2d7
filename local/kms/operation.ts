/** The input and the effects of an operation of the KMS API. */
import type { Authorizer } from '../iam/authorizer.ts';
import type { Caller } from '../front/service.ts';
import type { KeyView, KmsKey } from './key.ts';
import type { Store } from './store.ts';

export type Input = Readonly<Record<string, unknown>>;

/**
 * The kind of an operation. `use` is the data plane, which sees changes late. `read` and `write` are the control
 * plane: an account sees its own writes at once, and other accounts see them late on demand. A write is saved and
 * goes to the trail.
 */
export type OperationKind = 'use' | 'read' | 'write';

export interface Operation {
  readonly kind: OperationKind;
  /**
   * Runs the operation. It changes the store only after every check.
   * @throws AwsError
   */
  run(call: Call, input: Input): object | Promise<object>;
}

export interface Call {
  readonly store: Store;
  readonly authorizer: Authorizer;
  readonly caller: Caller;
  readonly nowMs: number;
  /** The Regions that exist. Default: all. */
  readonly regions?: readonly string[] | undefined;
  readonly note: CallNote;
  /** Returns the view of a key that this operation sees. */
  viewOf(key: KmsKey): KeyView;
}

/** The facts of a call for the call log and the trail. Operations fill them in as they learn them. */
export interface CallNote {
  key?: KmsKey;
  aliasArn?: string;
  encryptionContext?: Readonly<Record<string, string>>;
  dryRun: boolean;
}
