/**
 * The hand of a tenant in a flow test: it acts on its key in its own account, and sees what the pipeline made of that.
 */
import { CreateKeyCommand, type KMSClient, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { EVENT_BUS_ARN, ROLE_ARNS, STATE_TABLE } from '../../laptop/names.ts';
import { keyPolicy } from '../../shared/handover/key-policy.ts';
import { dynamoParking } from '../../shared/aws/dynamo-parking.ts';
import { openTable } from '../../shared/aws/table.ts';
import { dynamoTenants } from '../../shared/aws/dynamo-tenants.ts';
import { tenantItem } from '../../shared/aws/state-keys.ts';
import type { ParkedJob } from '../../shared/ports/parking.ts';
import { type Tenant, tenantSchema, type TenantStatus } from '../../shared/tenant/tenant.ts';
import { type TenantId, tenantIdSchema } from '../../shared/tenant/tenant-id.ts';
import { type Pipeline, type TenantName, TENANT_ACCOUNTS } from './pipeline.ts';

/** Returns the hands of all tenants. */
export function tenantHands(pipeline: Pipeline): Readonly<Record<TenantName, TenantHand>> {
  return {
    acme: new TenantHand(pipeline, 'acme'),
    globex: new TenantHand(pipeline, 'globex'),
    initech: new TenantHand(pipeline, 'initech'),
    umbrella: new TenantHand(pipeline, 'umbrella'),
  };
}

export class TenantHand {
  readonly tenantId: TenantId;
  readonly accountId: string;
  /** The KMS client of the tenant's own administrator. */
  readonly kms: KMSClient;
  readonly #pipeline: Pipeline;

  constructor(pipeline: Pipeline, tenant: TenantName) {
    this.#pipeline = pipeline;
    this.tenantId = tenantIdSchema.parse(tenant);
    this.accountId = TENANT_ACCOUNTS[tenant];
    this.kms = pipeline.kms(tenant);
  }

  /** Reads the tenant's record. */
  async record(): Promise<Tenant> {
    const tenant = await this.#tenants().tenant(this.tenantId);
    if (tenant === undefined) throw new Error(`${this.tenantId} is not registered`);
    return tenant;
  }

  async kekArn(): Promise<string> {
    return (await this.record()).kekArn;
  }

  /** Returns the record once it has that status. With `step`, the local clock is pushed on meanwhile. */
  async becomes(status: TenantStatus, options: { readonly step?: boolean } = {}): Promise<Tenant> {
    await this.#pipeline.until(async () => (await this.record()).status === status, options);
    return await this.record();
  }

  /** Returns the first 100 parked jobs. */
  async parked(): Promise<readonly ParkedJob[]> {
    return await dynamoParking(this.#table()).oldest(this.tenantId, 100);
  }

  /** Resolves when so many jobs are parked. */
  async hasParked(jobs: number): Promise<void> {
    await this.#pipeline.until(async () => (await this.parked()).length === jobs);
  }

  async setKeyMode({
    keyMode,
    maxKeyAgeSeconds,
  }: Pick<Tenant, 'keyMode' | 'maxKeyAgeSeconds'>): Promise<void> {
    await this.#pipeline.table.send(
      new UpdateCommand({
        TableName: STATE_TABLE,
        Key: tenantItem(this.tenantId),
        UpdateExpression: 'SET keyMode = :mode, maxKeyAgeSeconds = :age',
        ExpressionAttributeValues: { ':mode': keyMode, ':age': maxKeyAgeSeconds },
      }),
    );
  }

  async lockUsOut(): Promise<void> {
    const { Statement, ...policy } = this.#policy();
    await this.#putPolicy({ ...policy, Statement: Statement.slice(0, 1) });
  }

  async letUsIn(): Promise<void> {
    await this.#putPolicy(this.#policy());
  }

  /** Makes a new key that we may use and whose events reach us. Returns its ARN. */
  async createKey(origin: 'AWS_KMS' | 'EXTERNAL', keyModes?: readonly Tenant['keyMode'][]): Promise<string> {
    const Policy = JSON.stringify(this.#policy(keyModes));
    const { KeyMetadata } = await this.kms.send(new CreateKeyCommand({ Policy, Origin: origin }));
    await this.#forwardEvents();
    return KeyMetadata?.Arn ?? '';
  }

  async register(kekArn: string): Promise<void> {
    const signal = { name: 'registered', at: '2026-01-01T00:00:00.000Z' };
    const { tenantId } = this;
    await this.#tenants().register(
      tenantSchema.parse({ tenantId, kekArn, status: 'active', epoch: 1, signal }),
    );
  }

  async #putPolicy(policy: object): Promise<void> {
    const KeyId = await this.kekArn();
    await this.kms.send(new PutKeyPolicyCommand({ KeyId, Policy: JSON.stringify(policy) }));
  }

  #policy(keyModes?: readonly Tenant['keyMode'][]): ReturnType<typeof keyPolicy> {
    return keyPolicy({
      keyModes,
      tenantId: this.tenantId,
      tenantAccountId: this.accountId,
      ...ROLE_ARNS,
    });
  }

  /** Forwards all events of KMS in the account: more than a careful tenant would forward. */
  async #forwardEvents(): Promise<void> {
    const events = new EventBridgeClient(this.#pipeline.identity(this.accountId));
    const Name = 'everything-of-kms';
    await events.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify({ source: ['aws.kms'] }) }));
    await events.send(new PutTargetsCommand({ Rule: Name, Targets: [{ Id: 'isv', Arn: EVENT_BUS_ARN }] }));
  }

  #tenants(): ReturnType<typeof dynamoTenants> {
    return dynamoTenants(this.#table());
  }

  #table(): Parameters<typeof dynamoTenants>[0] {
    return openTable(this.#pipeline.table, STATE_TABLE);
  }
}
