/** A KMS on a free port, with roles, a clock and everything it publishes, for the tests of this folder. */
import { type CreateKeyCommandInput, KMS } from '@aws-sdk/client-kms';
import { createClock, type LocalClock } from '../../../local/front/clock.ts';
import { createFaults } from '../../../local/front/faults.ts';
import { startFront } from '../../../local/front/front.ts';
import { createAuthorizer } from '../../../local/iam/evaluate.ts';
import { createRoles, type Roles } from '../../../local/iam/roles.ts';
import { createKms, type Kms } from '../../../local/kms/service.ts';
import type { AwsEvent } from '../../../local/front/service.ts';
import { createTimings } from '../../../local/front/timings.ts';

export const ISV = '111111111111';
export const TENANT = '222222222222';
export const REGION = 'eu-central-1';
export const DAY_MS = 86_400_000;

export interface KmsServer {
  readonly kms: Kms;
  readonly clock: LocalClock;
  readonly roles: Roles;
  readonly events: readonly AwsEvent[];
  /** Creates a client of an account's root (`222222222222`) or of a role (`111111111111.encrypt`). */
  client(accessKeyId: string, region?: string): KMS;
  close(): Promise<void>;
}

export async function startKms(options: { dataDir?: string } = {}): Promise<KmsServer> {
  const clock = createClock();
  const roles = createRoles();
  const events: AwsEvent[] = [];
  const kms = await createKms({
    ...options,
    clock,
    authorizer: createAuthorizer(roles),
    publish: (event) => Promise.resolve(void events.push(event)),
    regions: [REGION, 'eu-west-1'],
  });
  const failures: unknown[] = [];
  const front = await startFront({
    port: 0,
    clock,
    faults: createFaults(clock),
    timings: createTimings(),
    kill: () => undefined,
    onCrash: (error) => void failures.push(error),
  });
  front.mountJson('kms', kms);
  const clients: KMS[] = [];
  return {
    kms,
    clock,
    roles,
    events,
    client(accessKeyId, region = REGION) {
      const credentials = { accessKeyId, secretAccessKey: 'unused' };
      const client = new KMS({ region, endpoint: front.endpoint, credentials, maxAttempts: 1 });
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      await front.close();
      await kms.close();
      if (failures.length > 0) throw new AggregateError(failures, 'The local AWS failed');
    },
  };
}

/** Resolves to the name of the error that a call ends with; rejects when the call succeeds. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error) return error.name;
    throw error;
  }
  throw new Error('The call was not refused');
}

export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Expected a value');
  return value;
}

/** Creates a symmetric key and resolves to its ARN. */
export async function newKey(client: KMS, options: CreateKeyCommandInput = {}): Promise<string> {
  const { KeyMetadata } = await client.createKey(options);
  return present(KeyMetadata?.Arn);
}
