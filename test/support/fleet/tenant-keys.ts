/**
 * Keeps the tenants' KEKs in the KMS of the local AWS, which is called in process: policies, states, propagation delay and
 * events are real. Tenants act on their keys, and our roles ask for their use.
 */
import { constants, publicEncrypt, randomBytes } from 'node:crypto';
import * as z from 'zod';
import { createAuthorizer } from '../../../local/iam/evaluate.ts';
import { createRoles } from '../../../local/iam/roles.ts';
import { createKms, type Kms } from '../../../local/kms/service.ts';
import { CONTROL_ROLE, ENCRYPT_ROLE, ISV_ACCOUNT, RESTORE_ROLE } from '../../../laptop/names.ts';
import type { AwsEvent } from '../../../local/front/service.ts';
import { keyPolicy } from '../../../shared/handover/key-policy.ts';
import type { Tenant } from '../../../shared/tenant/tenant.ts';
import { call, regionOf } from './kms-in-process.ts';

export type OurRole = 'encrypt' | 'restore' | 'control';

/** The owner and the purpose of a key. */
export interface KeyOwner extends Pick<Tenant, 'keyMode'> {
  readonly tenantId: string;
  readonly accountId: string;
  /** True when its material is the tenant's own. */
  readonly imported: boolean;
  /** True when it has a replica in another region. Default false. */
  readonly multiRegion?: boolean;
}

/** A tenant's key in the tenant's own hand. */
export interface TenantKey extends KeyOwner {
  readonly arn: string;
  /** The replica in another region, if the key has one. Its buttons are its own. */
  readonly replica?: TenantKey;
  /** Calls an operation of KMS on the key. Returns false when KMS refuses it in the key's state. */
  change(operation: string, input?: object): Promise<boolean>;
  lockOut(): Promise<boolean>;
  letIn(): Promise<boolean>;
  /** Imports the key's material. Default: the material does not expire. */
  importMaterial(expiresMs?: number): Promise<boolean>;
  /** Undoes everything that was done to it. Only a deleted key stays as it is. */
  mend(): Promise<void>;
  /** True when KMS tells the owner that the key is enabled. The owner is told without delay. */
  isEnabled(): Promise<boolean>;
  /** True when it works for us. */
  works(): Promise<boolean>;
}

export interface TenantKeys {
  readonly kms: Kms;
  create(owner: KeyOwner): Promise<TenantKey>;
  /** Makes KMS throttle all our roles from now on, or no longer. Default: in every region. */
  throttle(throttled: boolean, regions?: readonly string[]): void;
  /** Makes a call of one of our roles, with bytes in and out as the AWS SDK has them. */
  ask(role: OurRole, operation: string, input: object): Promise<Record<string, unknown>>;
}

const ROLES = { encrypt: ENCRYPT_ROLE, restore: RESTORE_ROLE, control: CONTROL_ROLE } as const;
const ACTIONS = {
  encrypt: ['kms:GenerateDataKey', 'kms:Decrypt'],
  restore: ['kms:Decrypt'],
  control: [
    'kms:DescribeKey',
    'kms:GenerateDataKey',
    'kms:Decrypt',
    'kms:GenerateDataKeyWithoutPlaintext',
    'kms:ReEncryptFrom',
    'kms:ReEncryptTo',
  ],
} as const;

/** The regions of a key and of its replica. */
export const REGIONS: readonly [string, string] = ['us-east-1', 'eu-west-1'];

export async function tenantKeys(publish: (event: AwsEvent) => void): Promise<TenantKeys> {
  const roles = createRoles();
  for (const [role, name] of Object.entries(ROLES)) {
    const statement = { Effect: 'Allow', Action: ACTIONS[role as OurRole], Resource: '*' } as const;
    roles.put(roleArn(name), [{ Version: '2012-10-17', Statement: [statement] }]);
  }
  const kms = await createKms({
    clock: { now: () => Date.now() },
    authorizer: createAuthorizer(roles),
    publish: (event) => Promise.resolve(publish(event)),
  });
  const throttled = new Set<string>();
  return {
    kms,
    throttle(now, regions = REGIONS) {
      for (const region of regions) if (now) throttled.add(region);
      for (const region of regions) if (!now) throttled.delete(region);
    },
    create: async (owner) => await createKek(kms, owner),
    async ask(role, operation, input) {
      if (throttled.has(regionOf(input)))
        throw Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' });
      return await call(kms, `${ISV_ACCOUNT}.${ROLES[role]}`, operation, input);
    },
  };
}

/** Returns the ARNs of the replicas that a key has. */
export function replicasOf(key: TenantKey | undefined): readonly string[] {
  return key?.replica === undefined ? [] : [key.replica.arn];
}

async function createKek(kms: Kms, owner: KeyOwner): Promise<TenantKey> {
  const { accountId, imported, multiRegion } = owner;
  const Policy = policyOf(owner);
  const Origin = imported ? 'EXTERNAL' : 'AWS_KMS';
  const created = await call(kms, accountId, 'CreateKey', { Policy, Origin, MultiRegion: multiRegion });
  const { KeyMetadata } = z.object({ KeyMetadata: namedSchema }).parse(created);
  const key = await inHand(kms, owner, KeyMetadata.Arn);
  if (multiRegion !== true) return key;
  const [, ReplicaRegion] = REGIONS;
  const replicated = await call(kms, accountId, 'ReplicateKey', { KeyId: key.arn, ReplicaRegion, Policy });
  const { ReplicaKeyMetadata } = z.object({ ReplicaKeyMetadata: namedSchema }).parse(replicated);
  return { ...key, replica: await inHand(kms, owner, ReplicaKeyMetadata.Arn) };
}

const namedSchema = z.object({ Arn: z.string() });

/** Returns the hand on a key that exists. */
async function inHand(kms: Kms, owner: KeyOwner, arn: string): Promise<TenantKey> {
  const { accountId, imported } = owner;
  const policy = policyOf(owner);
  const change = async (operation: string, input: object = {}): Promise<boolean> =>
    await succeeds(call(kms, accountId, operation, { KeyId: arn, ...input }));
  const importMaterial = importer(kms, accountId, arn);
  if (imported) await importMaterial();
  const letIn = async (): Promise<boolean> => await change('PutKeyPolicy', { Policy: policy });
  return {
    ...owner,
    arn,
    change,
    lockOut: async () => await change('PutKeyPolicy', { Policy: ownerOnly(policy) }),
    letIn,
    importMaterial,
    async mend() {
      await change('CancelKeyDeletion');
      if (imported) await importMaterial();
      await letIn();
      await change('EnableKey');
    },
    async isEnabled() {
      const described = await call(kms, accountId, 'DescribeKey', { KeyId: arn }).catch(unlessRefused);
      return described !== undefined && metadataSchema.parse(described).KeyMetadata.KeyState === 'Enabled';
    },
    works: async () => await isUsable(kms, owner, arn),
  };
}

/** Asks KMS whether `encrypt` may use the key. Our own probe asks for the control role instead. */
async function isUsable(kms: Kms, { tenantId, keyMode }: KeyOwner, KeyId: string): Promise<boolean> {
  const [operation, input] =
    keyMode === 'hierarchical'
      ? ['Decrypt', { DryRunModifiers: ['IGNORE_CIPHERTEXT'] }]
      : ['GenerateDataKey', { NumberOfBytes: 32 }];
  const idName = keyMode === 'hierarchical' ? 'aws-crypto-ec:tenant-id' : 'tenant-id';
  const EncryptionContext = { [idName]: tenantId };
  const dryRun = { ...input, KeyId, EncryptionContext, DryRun: true };
  return await call(kms, `${ISV_ACCOUNT}.${ENCRYPT_ROLE}`, operation, dryRun).then(
    () => false,
    (error: unknown) => error instanceof Error && error.name === 'DryRunOperationException',
  );
}

function policyOf({ tenantId, accountId, keyMode }: KeyOwner): string {
  return JSON.stringify(
    keyPolicy({
      tenantId,
      tenantAccountId: accountId,
      keyModes: [keyMode],
      encryptRoleArn: roleArn(ENCRYPT_ROLE),
      restoreRoleArn: roleArn(RESTORE_ROLE),
      controlRoleArn: roleArn(CONTROL_ROLE),
    }),
  );
}

/** Returns the policy with its first statement alone, by which the tenant keeps its key. */
function ownerOnly(policy: string): string {
  const document = z
    .object({ Version: z.string(), Statement: z.array(z.unknown()) })
    .parse(JSON.parse(policy));
  return JSON.stringify({ ...document, Statement: document.Statement.slice(0, 1) });
}

function roleArn(name: string): string {
  return `arn:aws:iam::${ISV_ACCOUNT}:role/${name}`;
}

/**
 * Imports the same material every time. It is wrapped once, because a wrapping key is slow to make and good for a day.
 */
function importer(kms: Kms, accountId: string, arn: string): TenantKey['importMaterial'] {
  const material = randomBytes(32);
  let wrapped: { readonly input: object; readonly untilMs: number } | undefined;
  return async (expiresMs) => {
    const expiry =
      expiresMs === undefined
        ? { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }
        : { ValidTo: expiresMs / 1000 };
    if (wrapped === undefined || wrapped.untilMs <= Date.now()) {
      const parameters = await call(kms, accountId, 'GetParametersForImport', {
        KeyId: arn,
        WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
        WrappingKeySpec: 'RSA_2048',
      }).catch(unlessRefused);
      if (parameters === undefined) return false;
      wrapped = wrap(material, parameters);
    }
    return await succeeds(
      call(kms, accountId, 'ImportKeyMaterial', { KeyId: arn, ...wrapped.input, ...expiry }),
    );
  };
}

const metadataSchema = z.object({ KeyMetadata: z.object({ KeyState: z.string() }) });

const parametersSchema = z.object({
  ImportToken: z.string(),
  PublicKey: z.string(),
  ParametersValidTo: z.number(),
});

function wrap(material: Buffer, answer: object): { readonly input: object; readonly untilMs: number } {
  const { ImportToken, PublicKey, ParametersValidTo } = parametersSchema.parse(answer);
  const key = {
    key: Buffer.from(PublicKey, 'base64'),
    format: 'der',
    type: 'spki',
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: 'sha256',
  } as const;
  const EncryptedKeyMaterial = publicEncrypt(key, material).toString('base64');
  return { input: { ImportToken, EncryptedKeyMaterial }, untilMs: ParametersValidTo * 1000 };
}

async function succeeds(change: Promise<object>): Promise<boolean> {
  return (await change.catch(unlessRefused)) !== undefined;
}

/** Passes over a refusal by KMS: a tenant may press any button in any state, so a refusal is no failure of the test. */
function unlessRefused(error: unknown): undefined {
  if (error instanceof Error && error.name.endsWith('Exception')) return undefined;
  throw error;
}
