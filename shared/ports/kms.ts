/**
 * KMS: the questions of the data path, and those of the control plane about a tenant's key.
 *
 * Both ports throw what KMS throws. `envelope/kms/kms-failure.ts` turns that into our errors. README.md says what is
 * true of every port.
 */
import type { EncryptionContext } from '../object/context.ts';

/** KMS as the data path may ask it. */
export interface DataPathKms {
  generateDataKey(request: GenerateDataKeyRequest): Promise<KmsAnswer>;
  decrypt(request: DecryptRequest): Promise<KmsAnswer>;
}

export interface GenerateDataKeyRequest {
  readonly KeyId: string;
  readonly NumberOfBytes?: number;
  readonly EncryptionContext?: Record<string, string>;
}

export interface DecryptRequest {
  readonly KeyId?: string;
  readonly CiphertextBlob: Uint8Array;
  readonly EncryptionContext?: Record<string, string>;
}

export interface KmsAnswer {
  readonly KeyId?: string;
  readonly Plaintext?: Uint8Array;
  readonly CiphertextBlob?: Uint8Array;
  /** `requestId` finds the call in the tenant's CloudTrail. */
  readonly $metadata?: { readonly requestId?: string };
}

/** KMS as the control plane may ask it about one key. */
export interface ControlPlaneKms {
  /** Asks DescribeKey. */
  describe(kekArn: string, signal?: AbortSignal): Promise<KeyDescription>;
  /** Resolves when the operation would have worked. Nothing is used or changed. */
  tryOperation(trial: Trial, signal?: AbortSignal): Promise<void>;
  /** Makes a ciphertext that nobody has seen the plaintext of. */
  makeCiphertext(order: CiphertextOrder, signal?: AbortSignal): Promise<Uint8Array>;
}

/** An answer to DescribeKey. The strings are KMS's own; `unknown` stands for one that KMS did not give. */
export interface KeyDescription {
  /** The KeyState: `Enabled`, `Disabled`, … */
  readonly state: string;
  readonly spec: string;
  readonly usage: string;
  readonly origin: string;
  readonly multiRegion: boolean;
  /** The ARNs of the other keys of a multi-Region key. */
  readonly relatedArns: readonly string[];
  /** The time when a key that is pending deletion is deleted. */
  readonly deletionDate?: Date | undefined;
  /** The time when imported key material expires. */
  readonly validTo?: Date | undefined;
  /** True when the key is in a CloudHSM or an external key store. */
  readonly customKeyStore: boolean;
}

/** One operation on one key, asked as a dry run where KMS has one. */
export interface Trial {
  readonly operation: KmsOperation;
  readonly kekArn: string;
  /** Default: none. */
  readonly context?: EncryptionContext | undefined;
  /**
   * The ciphertext that Decrypt and ReEncrypt are asked about. Default: any ciphertext. Not every region's KMS can
   * answer that.
   */
  readonly ciphertext?: Uint8Array | undefined;
  /** The principal that the grant of CreateGrant would be for. */
  readonly granteeArn?: string | undefined;
}

/** A ciphertext that is wanted of one key. */
export interface CiphertextOrder {
  /** The tenant's key mode grants one of these to the control plane. */
  readonly operation: MakingOperation;
  readonly kekArn: string;
  readonly context: EncryptionContext;
}

export type MakingOperation = Extract<
  KmsOperation,
  'kms:GenerateDataKey' | 'kms:GenerateDataKeyWithoutPlaintext'
>;

/** The name of an operation of KMS, as a key policy spells it. */
export type KmsOperation =
  | 'kms:GenerateDataKey'
  | 'kms:Decrypt'
  | 'kms:DescribeKey'
  | 'kms:GenerateDataKeyWithoutPlaintext'
  | 'kms:ReEncrypt'
  | 'kms:CreateGrant'
  | 'kms:ListGrants';
