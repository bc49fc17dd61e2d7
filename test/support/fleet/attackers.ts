/**
 * Attackers who have the role of one function, or may write to the vault, and nothing else. They edit rows of the state
 * table, and plant objects where the pipeline is about to write. A tampered object may wait for a person, as long as
 * its source stays. It may never be lost, and never appear under another name or key.
 */
import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { objectIdSchema } from '../../../shared/object/object-id.ts';
import { jobsOf } from '../../../shared/object/job.ts';
import { type Plan, planOf } from '../../../shared/object/plan.ts';
import { chunkKey, entryKey } from '../../../shared/object/vault-key.ts';
import { FORMAT, INLINE_FORMAT } from '../../../shared/object/context.ts';
import { encodeClearPart, type InlineClearPart } from '../../../shared/manifest/inline.ts';
import { type ClearPart, encodeManifest } from '../../../shared/manifest/manifest.ts';
import { type TenantId, tenantIdSchema } from '../../../shared/tenant/tenant-id.ts';
import { type Account, CHUNK_BYTES, INGEST_BUCKET, type Uploaded } from './account.ts';
import { type Command, command } from './command.ts';
import { encrypt, type Fleet, ingest } from './fleet.ts';
import { uploadSpaced, workThrough } from './working.ts';

interface Victim {
  readonly account: Account;
  readonly tenantId: TenantId;
  readonly upload: Uploaded;
  /** The plan that `ingest` makes of the upload. */
  readonly plan: Plan;
}

/** After this attack the upload is kept beside the planted object, until a person deletes that. */
const USURPATION = 'a small object that claims to be a newer upload lies where its own goes';

/** The attacks on an upload that no function has worked on yet. */
const ATTACKS: Readonly<Record<string, (victim: Victim) => void>> = {
  'a chunk of another object lies where its own goes': ({ account, tenantId, plan }) => {
    const other = account.state.plans.get(account.uploads.at(-2)?.objectId ?? '');
    const chunk = other && account.vault.objects.get(chunkKey(tenantId, other.objectId, 0));
    plant(account, tenantId, chunkKey(tenantId, plan.objectId, 0), chunk ?? randomBytes(CHUNK_BYTES));
  },
  'a manifest lies where its own goes': ({ account, tenantId, upload, plan }) => {
    const { source, sizeBytes, chunkBytes, chunkCount, objectId, kekArn } = plan;
    const clear: ClearPart = {
      format: FORMAT,
      tenantId,
      objectId,
      sizeBytes,
      chunkBytes,
      chunkCount,
      kekArn,
      epoch: account.state.tenants.get(tenantId)?.epoch ?? 1,
      sourceVersionId: source.versionId,
      sequencer: source.sequencer,
      sealedAt: new Date().toISOString(),
    };
    account.tampering.names.add(`${tenantId}/${upload.key}`);
    plant(
      account,
      tenantId,
      entryKey(tenantId, upload.key),
      encodeManifest({ clear, sealed: randomBytes(500) }),
    );
  },
  'a small object that claims to be it lies where its own goes': (victim) => {
    plantSmall(victim, { objectId: victim.plan.objectId, sequencer: '1' });
  },
  'a small object that claims to be an older upload lies where its own goes': (victim) => {
    const { account, upload, plan } = victim;
    const older = account.uploads.findLast(
      ({ tenantId, key, objectId }) =>
        tenantId === upload.tenantId && key === upload.key && objectId !== plan.objectId,
    );
    if (older !== undefined)
      plantSmall(victim, { objectId: objectIdSchema.parse(older.objectId), sequencer: '0' });
  },
  [USURPATION]: (victim) => {
    const { account, tenantId, upload, plan } = victim;
    account.tampering.usurped.set(entryKey(tenantId, upload.key), plan);
    plantSmall(victim, { objectId: objectIdSchema.parse('f'.repeat(64)), sequencer: 'FFFF' });
  },
  'its plan says that it is sealed': ({ account, plan }) => {
    writePlan(account, { ...plan, sealedAt: new Date().toISOString() });
  },
  'its plan names another tenant': ({ account, plan }) => {
    const thief = tenantIdSchema.parse('initech');
    const kekArn = account.keyOf.get(thief)?.arn ?? plan.kekArn;
    writePlan(account, { ...plan, tenantId: thief, kekArn });
  },
};

/** In the middle of a tenant's work. */
export const attack: fc.Arbitrary<Command> = fc
  .record({
    tenant: fc.constantFrom('acme', 'globex'),
    name: fc.constantFrom(...Object.keys(ATTACKS)),
    bytes: fc.constantFrom(1, CHUNK_BYTES),
    sandbox: fc.nat({ max: 1 }),
  })
  .map(({ tenant, name, bytes, sandbox }) =>
    command(`${tenant} through ${sandbox}, ${bytes} bytes: ${name}`, async (fleet, known) => {
      known.disturbed.add(tenant);
      await workThrough(fleet, { tenant, key: 'a', bytes: CHUNK_BYTES }, { sandbox });
      // A usurped name serves no later upload, so it is one that nobody else uses.
      const key = name === USURPATION ? `b${fleet.account.uploads.length}` : 'b';
      await uploadSpaced(fleet, { tenant, key, bytes });
      tamper(fleet, name);
      await ingest(fleet);
      await encrypt(fleet, { sandbox });
    }),
  );

function tamper({ account }: Fleet, name: string): void {
  const upload = account.uploads.at(-1);
  if (upload === undefined) return;
  account.tampering.objects.set(upload.objectId, upload.versionId);
  account.tampering.waiting.add(upload.objectId);
  const tenantId = tenantIdSchema.parse(upload.tenantId);
  ATTACKS[name]?.({ account, tenantId, upload, plan: planFor(account, tenantId, upload) });
}

function plant(
  { vault, tampering, removals }: Account,
  tenantId: string,
  name: string,
  body: Uint8Array,
): void {
  const planted = Buffer.from(body);
  vault.objects.set(name, planted);
  vault.clearParts.delete(name);
  if (removals.has(tenantId)) tampering.strewn.set(name, planted);
}

/** Plants a small object with that claim under the name of the victim's. */
function plantSmall(
  { account, tenantId, upload, plan }: Victim,
  claim: Pick<InlineClearPart, 'objectId' | 'sequencer'>,
): void {
  const name = entryKey(tenantId, upload.key);
  plant(account, tenantId, name, randomBytes(700));
  const [at, { kekArn, source }] = [new Date().toISOString(), plan];
  const facts = { tenantId, sizeBytes: 1, kekArn, epoch: 1, sourceVersionId: source.versionId };
  account.vault.clearParts.set(
    name,
    encodeClearPart({ format: INLINE_FORMAT, ...facts, ...claim, uploadedAt: at, sealedAt: at }),
  );
}

/** With its jobs, which `ingest` may send. */
function writePlan({ state, chunkQueue }: Account, plan: Plan): void {
  state.plans.set(plan.objectId, plan);
  for (const job of jobsOf(plan, 0)) chunkQueue.send(JSON.stringify(job));
}

function planFor({ keyOf }: Account, tenantId: TenantId, { key, versionId, body }: Uploaded): Plan {
  const source = {
    bucket: INGEST_BUCKET,
    key: `${tenantId}/${key}`,
    versionId,
    sequencer: '',
    uploadedAt: new Date().toISOString(),
  };
  const kekArn = keyOf.get(tenantId)?.arn ?? '';
  const upload = { tenantId, key, source, sizeBytes: body.length };
  return planOf(upload, { kekArn, chunkBytes: CHUNK_BYTES, plannedAt: new Date() });
}
