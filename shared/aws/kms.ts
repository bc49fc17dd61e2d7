/** KMS as the envelope asks for it: one client per region, the region read from the key ARN. */
import type { KMS } from '@aws-sdk/client-kms';
import type { KmsOperations } from '../ports.ts';
import { kmsClient } from './clients.ts';

/** Throws what KMS throws; envelope/kms-failure.ts says what it means. */
export function kmsOperations(): KmsOperations {
  const clients = new Map<string, KMS>();
  function clientFor(keyArn: string | undefined): KMS {
    const region = keyArn?.split(':')[3] ?? '';
    const client = clients.get(region) ?? kmsClient(region);
    clients.set(region, client);
    return client;
  }
  return {
    generateDataKey: async (request) => await clientFor(request.KeyId).generateDataKey(request),
    decrypt: async (request) => await clientFor(request.KeyId).decrypt(request),
  };
}
