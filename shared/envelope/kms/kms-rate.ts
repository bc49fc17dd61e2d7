/**
 * How often one sandbox asks KMS for one tenant. All tenants share our account's request quota, which cross-account
 * calls count against: a tenant that floods us must not use it up.
 * https://docs.aws.amazon.com/kms/latest/developerguide/throttling.html
 */
import { setTimeout as delay } from 'node:timers/promises';
import { KmsUnavailableError } from '../../errors.ts';
import type { DecryptRequest, GenerateDataKeyRequest, DataPathKms } from '../../ports/kms.ts';

export interface KmsRateOptions {
  /** Of each tenant; calls of one second may come at once. */
  readonly callsPerSecond: number;
  /** Milliseconds since whenever. Default: the process's monotonic clock. */
  readonly nowMs?: () => number;
  readonly wait?: (waitMs: number) => Promise<unknown>;
}

/** A call that would wait longer is given up: the message comes back, and the sandbox is free for others meanwhile. */
const MAX_WAIT_MS = 1_000;
const BURST_MS = 1_000;

/** @throws KmsUnavailableError when the tenant's calls have used up more than they may for some time to come */
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

/** Every DEK and every branch key is bound to its tenant. */
function tenantOf({ EncryptionContext = {} }: GenerateDataKeyRequest | DecryptRequest): string {
  return EncryptionContext['tenant-id'] ?? EncryptionContext['aws-crypto-ec:tenant-id'] ?? '';
}

function overRate(tenantId: string, callsPerSecond: number): KmsUnavailableError {
  return new KmsUnavailableError(
    `tenant ${tenantId}: more than ${callsPerSecond} calls of KMS a second in one sandbox; retried with backoff`,
  );
}
