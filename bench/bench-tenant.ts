/** A tenant of a benchmark: an account, a KEK of its own whose policy is what we render, registered by `onboard`. */
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import * as z from 'zod';
import { REGION, ROLE_ARNS } from '../laptop/names.ts';
import type { LocalProcess } from '../laptop/local-process.ts';
import { PipelineClient } from '../laptop/client.ts';
import { keyPolicy } from '../shared/handover/key-policy.ts';
import type { KeyMode } from '../shared/tenant/tenant.ts';

const TENANT_ACCOUNT = '444444444444';
/** DESIGN's default: the age at which a cached key is fetched anew. */
const MAX_KEY_AGE_SECONDS = 60;

const judgedSchema = z.object({ status: z.literal('active') });

/** A KEK that grants us what that key mode needs. Returns its ARN. */
export async function createKek(endpoint: string, tenantId: string, keyMode: KeyMode): Promise<string> {
  const credentials = { accessKeyId: TENANT_ACCOUNT, secretAccessKey: 'local' };
  const kms = new KMSClient({ endpoint, region: REGION, credentials });
  const policy = keyPolicy({
    tenantId,
    tenantAccountId: TENANT_ACCOUNT,
    keyModes: [keyMode],
    ...ROLE_ARNS,
  });
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Policy: JSON.stringify(policy) }));
  return KeyMetadata?.Arn ?? '';
}

/** Throws unless the tenant is active then. */
export async function addTenant(
  { endpoint }: Pick<LocalProcess, 'endpoint'>,
  tenantId: string,
  keyMode: KeyMode,
): Promise<void> {
  const kekArn = await createKek(endpoint, tenantId, keyMode);
  const request = { action: 'add', tenantId, kekArn, keyMode, maxKeyAgeSeconds: MAX_KEY_AGE_SECONDS };
  judgedSchema.parse(await new PipelineClient(endpoint).invoke('onboard', request));
}
