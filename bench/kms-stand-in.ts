/** KMS without the network, to measure the envelope alone. DEKs are fresh; a table stands for the wrapping. */
import { randomBytes } from 'node:crypto';
import type { DataPathKms } from '../shared/ports/kms.ts';

export const KEK_ARN = 'arn:aws:kms:us-east-1:111111111111:key/11111111-2222-3333-4444-555555555555';

export function kmsStandIn(): DataPathKms {
  const deks = new Map<string, Buffer>();
  return {
    async generateDataKey({ KeyId }) {
      const dek = randomBytes(32);
      const CiphertextBlob = randomBytes(184);
      deks.set(CiphertextBlob.toString('hex'), Buffer.from(dek));
      return { KeyId, Plaintext: dek, CiphertextBlob };
    },
    async decrypt({ KeyId, CiphertextBlob }) {
      const dek = deks.get(Buffer.from(CiphertextBlob).toString('hex'));
      return { KeyId: KeyId ?? '', Plaintext: Buffer.from(dek ?? []) };
    },
  };
}
