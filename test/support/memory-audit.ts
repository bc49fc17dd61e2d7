/**
 * KMS as the checks of onboarding ask it, in memory: a key that is as it should be and grants what is rendered for its
 * tenant, until told otherwise.
 */
import type { KeyAudit, KeyFacts, KmsOperation } from '../../shared/ports/kms.ts';

export interface AuditedKey {
  facts: Partial<KeyFacts>;
  /** The operations that its policy grants, and for whom: one tenant, or as StringLike has it, `*` for everybody. */
  grants: readonly (readonly [operation: KmsOperation, tenantId: string])[];
  /** The exception that DescribeKey answers. */
  exception: string | undefined;
}

export interface MemoryAudit extends KeyAudit {
  /** The key of that ARN; made when first asked for. */
  key(kekArn: string): AuditedKey;
}

export const MESSAGE_GRANTS = (tenantId: string): AuditedKey['grants'] => [
  ['kms:GenerateDataKey', tenantId],
  ['kms:Decrypt', tenantId],
];

export const BRANCH_KEY_GRANTS = (tenantId: string): AuditedKey['grants'] => [
  ['kms:Decrypt', tenantId],
  ['kms:GenerateDataKeyWithoutPlaintext', tenantId],
  ['kms:ReEncrypt', tenantId],
];

export function memoryAudit(): MemoryAudit {
  const keys = new Map<string, AuditedKey>();
  function key(kekArn: string): AuditedKey {
    const known = keys.get(kekArn) ?? { facts: {}, grants: MESSAGE_GRANTS('acme'), exception: undefined };
    keys.set(kekArn, known);
    return known;
  }
  return {
    key,
    async describe(kekArn) {
      await Promise.resolve();
      const { facts, exception } = key(kekArn);
      if (exception !== undefined) throw refusal(exception);
      return { ...SOUND, ...facts };
    },
    async makeCiphertext(kekArn, context, operation) {
      await this.tryOperation(operation, kekArn, context);
      return Buffer.from(kekArn);
    },
    async tryOperation(operation, kekArn, context = {}) {
      await Promise.resolve();
      const tenantId = context['tenant-id'] ?? context['aws-crypto-ec:tenant-id'] ?? '';
      const isGranted = key(kekArn).grants.some(
        ([granted, to]) => granted === operation && isLike(to, tenantId),
      );
      if (!isGranted) throw refusal('AccessDeniedException');
    },
  };
}

function isLike(pattern: string, id: string): boolean {
  return new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'u').test(id);
}

const SOUND: KeyFacts = {
  state: 'Enabled',
  spec: 'SYMMETRIC_DEFAULT',
  usage: 'ENCRYPT_DECRYPT',
  origin: 'AWS_KMS',
  multiRegion: false,
  relatedArns: [],
  customKeyStore: false,
};

function refusal(name: string): Error {
  return Object.assign(new Error(`KMS answered ${name}`), { name });
}
