/** The question every service of the local AWS asks before it acts, and the policies that answer it. */
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
  /** `kms:Decrypt`, `s3:GetObjectVersion`, … */
  readonly action: string;
  /** The resource's ARN. */
  readonly resource: string;
  readonly resourceAccountId: string;
  /** The policy on the resource (key policy, bucket policy), where it has one. */
  readonly resourcePolicy?: PolicyDocument;
  /**
   * KMS only: the key policy must allow; an identity policy counts only where the key policy delegates to the
   * account. Elsewhere, within one account either policy suffices. Across accounts both must allow. Default false.
   */
  readonly resourcePolicyRules?: boolean;
  /**
   * Condition keys of the request, e.g. `{ 'kms:EncryptionContext:tenant-id': 'acme' }`; names compare without case. A
   * key that may have several values is a list, though it has one: conditions on it need a set operator.
   */
  readonly context?: Readonly<Record<string, OneOrMany>>;
}

export type Decision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: string; readonly explicit: boolean };

export interface Authorizer {
  decide(request: AccessRequest): Decision;
}
