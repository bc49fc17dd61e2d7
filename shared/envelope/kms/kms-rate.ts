/**
 * Limits how often one sandbox asks KMS for one tenant. Cross-account calls count against our account's request quota,
 * which all tenants share: a tenant that floods us must not use it up.
 * https://docs.aws.amazon.com/kms/latest/developerguide/throttling.html
 */
import { setTimeout as delay } from 'node:timers/promises';
import { KmsUnavailableError } from '../../errors.ts';
import type { DecryptRequest, GenerateDataKeyRequest, DataPathKms } from '../../ports/kms.ts';

export interface KmsRateOptions {
  /** Calls of each tenant. The calls of one second may come all at once. */
  readonly callsPerSecond: number;
  /** Milliseconds since an arbitrary moment. Default: the process's monotonic clock. */
  readonly nowMs?: () => number;
  readonly wait?: (waitMs: number) => Promise<unknown>;
}

/** A call that would wait longer is given up. Its message comes back later; meanwhile the sandbox works for others. */
const MAX_WAIT_MS = 1_000;
const BURST_MS = 1_000;

/**
 * Returns the same operations, which wait when a tenant calls too often.
 * @throws KmsUnavailableError when the call would wait longer than a second
 */
export function limitKmsCallsPerTenant(kms: DataPathKms, options: KmsRateOptions): DataPathKms {
  const { callsPerSecond, nowMs = () => performance.now(), wait = delay } = options;
  const dueMs = new Map<string, number>();
  async function waitForTurn(request: GenerateDataKeyRequest | DecryptRequest): Promise<void> {
    const tenantId = tenantOf(request);
    const due = Math.max(dueMs.get(tenantId) ?? Number.NEGATIVE_INFINITY, nowMs() - BURST_MS);
    const waitMs = due - nowMs();
    if (waitMs > MAX_WAIT_MS) throw overRate(tenantId, callsPerSecond);
    dueMs.set(tenantId, due + 1_000 / callsPerSecond);
    if (waitMs > 0) await wait(waitMs);
  }
  return {
    async generateDataKey(request) {
      await waitForTurn(request);
      return await kms.generateDataKey(request);
    },
    async decrypt(request) {
      await waitForTurn(request);
      return await kms.decrypt(request);
    },
  };
}

/** Reads the tenant from the encryption context, which binds every DEK and every branch key to it. */
function tenantOf({ EncryptionContext = {} }: GenerateDataKeyRequest | DecryptRequest): string {
  return EncryptionContext['tenant-id'] ?? EncryptionContext['aws-crypto-ec:tenant-id'] ?? '';
}

function overRate(tenantId: string, callsPerSecond: number): KmsUnavailableError {
  return new KmsUnavailableError(
    `tenant ${tenantId}: more than ${callsPerSecond} calls of KMS a second in one sandbox; retried with backoff`,
  );
}
