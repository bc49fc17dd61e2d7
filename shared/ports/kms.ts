/** KMS: what the data path asks of it, and what the control plane asks about a tenant's key without using it. Everything here throws what KMS throws. */
import type { EncryptionContext } from '../object/context.ts';

/** Resolves when the operation would have worked; throws what KMS throws. Nothing is used or changed. */
export type TryOperation = (
  operation: KmsOperation,
  kekArn: string,
  context?: EncryptionContext,
) => Promise<void>;

/** What the checks ask of KMS. Implemented by aws/kms-audit.ts; throws what KMS throws. */
export interface KeyAudit extends KeyDescriber, ProbeMaker {
  readonly tryOperation: TryOperation;
}

/** Of DescribeKey; the strings are KMS's own. */
export interface KeyFacts {
  readonly state: string;
  readonly spec: string;
  readonly usage: string;
  readonly origin: string;
  readonly multiRegion: boolean;
  /** ARNs of the other keys of a multi-Region key. */
  readonly relatedArns: readonly string[];
  readonly validTo?: Date | undefined;
  /** Whether it is in a CloudHSM or an external key store. */
  readonly customKeyStore: boolean;
}

export interface KeyDescriber {
  /** Throws what KMS throws. */
  describe(kekArn: string): Promise<KeyFacts>;
}

/** What a probe asks of KMS. Implemented by aws/kms.ts; throws what KMS throws. */
export interface KmsProbe {
  describeKey(kekArn: string): Promise<KeyDescription>;
  /** Resolves when GenerateDataKey would have worked. */
  tryGenerateDataKey(kekArn: string, context: EncryptionContext): Promise<void>;
  /**
   * Resolves when Decrypt would have worked: of the ciphertext or, without one, of any. Not every region's KMS knows
   * what is asked without one.
   */
  tryDecrypt(kekArn: string, context: EncryptionContext, ciphertext?: Uint8Array): Promise<void>;
}

export interface KeyDescription {
  /** KMS's KeyState: `Enabled`, `Disabled`, … */
  readonly state: string;
  /** When a key that is pending deletion is deleted. */
  readonly deletionDate?: Date;
  /** When imported key material expires. */
  readonly validTo?: Date;
}

/** What the data path may ask of KMS. Implemented by aws/kms.ts. */
export interface KmsOperations {
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

export type KmsOperation =
  | 'kms:GenerateDataKey'
  | 'kms:Decrypt'
  | 'kms:DescribeKey'
  | 'kms:GenerateDataKeyWithoutPlaintext'
  | 'kms:ReEncrypt'
  | 'kms:CreateGrant'
  | 'kms:ListGrants';

/** Implemented by aws/kms.ts; throws what KMS throws. */
export interface ProbeMaker {
  /** A ciphertext under that context, made by an operation that the tenant's key mode grants to the control plane. */
  makeCiphertext(kekArn: string, context: EncryptionContext, operation: MakingOperation): Promise<Uint8Array>;
}

export type MakingOperation = Extract<
  KmsOperation,
  'kms:GenerateDataKey' | 'kms:GenerateDataKeyWithoutPlaintext'
>;
