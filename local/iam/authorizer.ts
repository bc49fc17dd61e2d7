/** The question that every service of the local AWS asks before it acts, and the policies that answer it. */
import type { Principal } from '../front/service.ts';

export interface PolicyDocument {
  readonly Version?: string;
  readonly Id?: string;
  readonly Statement: readonly PolicyStatement[] | PolicyStatement;
}

type OneOrMany = string | readonly string[];

export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: '*' | Readonly<Record<string, OneOrMany>>;
  readonly NotPrincipal?: '*' | Readonly<Record<string, OneOrMany>>;
  readonly Action?: OneOrMany;
  readonly NotAction?: OneOrMany;
  readonly Resource?: OneOrMany;
  readonly NotResource?: OneOrMany;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMany | boolean | number>>>>;
}

export interface AccessRequest {
  readonly principal: Principal;
  /** E.g. `kms:Decrypt` or `s3:GetObjectVersion`. */
  readonly action: string;
  /** The resource's ARN. */
  readonly resource: string;
  readonly resourceAccountId: string;
  /** The policy of the resource (key policy, bucket policy), if it has one. */
  readonly resourcePolicy?: PolicyDocument;
  /**
   * True for KMS keys: the key policy must allow, and an identity policy counts only when the key policy delegates
   * to the account. For other resources either policy suffices within one account. Across accounts both must allow.
   * Default false.
   */
  readonly resourcePolicyRules?: boolean;
  /**
   * Condition keys of the request, e.g. `{ 'kms:EncryptionContext:tenant-id': 'acme' }`. Names compare without
   * case. A key that may have several values is a list even of one value: conditions on it need a set operator.
   */
  readonly context?: Readonly<Record<string, OneOrMany>>;
}

export type Decision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: string; readonly explicit: boolean };

export interface Authorizer {
  decide(request: AccessRequest): Decision;
}
