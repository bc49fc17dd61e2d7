/** The promises that must hold for a fleet whatever has happened to it. */
import { objectIdSchema } from '../../../shared/object/object-id.ts';
import { entryKey, supersededKey } from '../../../shared/object/vault-key.ts';
import { tenantIdSchema } from '../../../shared/tenant/tenant-id.ts';
import type { Account, Uploaded } from './account.ts';
import type { Fleet } from './fleet.ts';
import { keysInUse } from './keys-in-use.ts';
import { claimedId, isSealed, kekArnOf } from './seals.ts';
import { isOfTampering, isUsurped } from './tampered-account.ts';

/** Returns every promise that is broken now. */
export function brokenPromises(fleet: Fleet): readonly string[] {
  const { account } = fleet;
  return [
    ...account.surprises,
    ...account.uses.violations,
    ...unexpectedRejections(account),
    ...leftBehind(account),
    ...undrained(account),
    ...misplaced(account),
    ...account.uploads.filter((upload) => isLost(account, upload)).map((upload) => `lost: ${nameOf(upload)}`),
    ...halfRestored(account).map((name) => `restored as something never uploaded: ${name}`),
  ];
}

/**
 * Returns the tenants that are active although their key is down and we have heard of that, whatever KMS still
 * answers.
 */
export async function activeThoughDown(account: Account): Promise<readonly string[]> {
  const broken: string[] = [];
  for (const key of [...account.keyOf.keys()].flatMap((tenantId) => keysInUse(account, tenantId))) {
    const downs = account.downs.get(key.arn) ?? [];
    if (await key.isEnabled()) downs.splice(0);
    if (!['active', 'offboarding'].includes(account.state.tenants.get(key.tenantId)?.status ?? '')) continue;
    if (downs.some((down) => account.heard.has(down)))
      broken.push(`${key.tenantId} is active, its key is down`);
  }
  return broken;
}

/**
 * Returns every upload of a tenant that is not sealed, or still in the ingest bucket, although the key that it belongs
 * under works.
 */
export async function unsealed(account: Account, tenantId: string): Promise<readonly string[]> {
  const waiting = account.uploads.filter(
    (upload) =>
      !isKeptAside(account, upload) &&
      upload.tenantId === tenantId &&
      (!isSealed(account, upload) || account.sources.versions.has(upload.versionId)),
  );
  const due = await Promise.all(waiting.map(async (upload) => await hasWorkingKey(account, upload)));
  return waiting.filter((_upload, index) => due[index]).map(nameOf);
}

/**
 * True when the key works that an upload was planned or sealed under. No object is ever under two keys. An upload that is
 * neither, or planned under a key that never was the tenant's, gets the key in use.
 */
export async function hasWorkingKey(account: Account, upload: Uploaded): Promise<boolean> {
  const { everyKey, keyOf } = account;
  const { tenantId } = upload;
  const kekArn = kekArnOf(account, upload);
  const own = everyKey.find((key) => key.arn === kekArn && key.tenantId === tenantId);
  return (await (own ?? keyOf.get(tenantId))?.works()) === true;
}

/** Returns the newest upload of every object key of a tenant. */
export function newest({ uploads }: Account, tenantId: string): readonly Uploaded[] {
  const own = uploads.filter((upload) => upload.tenantId === tenantId);
  return [...new Map(own.map((upload) => [upload.key, upload])).values()];
}

/** Returns the entries by which one upload is read under another's name. */
function misplaced(account: Account): readonly string[] {
  const { vault, uploads } = account;
  return [...vault.objects.keys()]
    .filter((name) => name.includes('/objects/') && !account.tampering.usurped.has(name))
    .filter((name) => {
      const objectId = claimedId(account, name);
      return !uploads.some(
        ({ tenantId, key, objectId: own }) => own === objectId && name === `${tenantId}/objects/${key}`,
      );
    })
    .map((name) => `sealed under another name: ${name}`);
}

/**
 * True for an upload that somebody tampered with: unsealed, it stays where it was uploaded, for a person to look at.
 */
export function isKeptAside(
  { tampering, sources }: Account,
  { objectId, versionId }: Pick<Uploaded, 'objectId' | 'versionId'>,
): boolean {
  return tampering.waiting.has(objectId) && sources.versions.has(versionId);
}

/** Returns the rejections that nothing explains. It is right that nothing new is taken for a tenant that leaves. */
function unexpectedRejections(account: Account): readonly string[] {
  const { state, removals } = account;
  return [...state.rejections.values()]
    .filter((rejection) => !isOfTampering(account, rejection))
    .filter(
      ({ code, body }) =>
        code !== 'ERR_TENANT_OFFBOARDED' || ![...removals.keys()].some((id) => body.includes(`"${id}/`)),
    )
    .map(({ code, message }) => `rejected: ${code} ${message}`);
}

/**
 * Returns what is still there of tenants that are gone. Things that somebody planted there afterwards are not ours to
 * take away.
 */
function leftBehind({ removals, vault, keyStore, tampering }: Account): readonly string[] {
  const written = new Map(
    [...vault.objects].filter(([name, body]) => tampering.strewn.get(name)?.equals(body) !== true),
  );
  return [...removals.values()]
    .filter(({ step }) => step === 'done')
    .flatMap(({ tenantId, deleteCiphertext }) => [
      ...(deleteCiphertext ? below(written, `${tenantId}/`) : []),
      ...(deleteCiphertext ? below(keyStore.rows, `${tenantId}.`) : []),
    ])
    .map((name) => `left behind: ${name}`);
}

/** Returns the planned objects that are not sealed, of tenants that were to go only when everything is sealed. */
function undrained(account: Account): readonly string[] {
  const { removals, toDrain, uploads } = account;
  const due = new Set(
    [...removals.values()]
      .filter(({ step, drain }) => drain && step !== 'drain')
      .flatMap(({ tenantId }) => toDrain.get(tenantId) ?? []),
  );
  return uploads
    .filter((upload) => due.has(upload.objectId) && !isSealed(account, upload))
    .map(({ objectId }) => `not drained: ${objectId}`);
}

/** Returns those uploads that have to be sealed before the tenant goes, and can be, because their key works. */
export async function undrainedOf(account: Account, tenantId: string): Promise<readonly Uploaded[]> {
  const objectIds = account.toDrain.get(tenantId) ?? [];
  const waiting = account.uploads
    .filter(({ objectId }) => objectIds.includes(objectId))
    .filter((upload) => !isSealed(account, upload))
    .filter((upload) => !isKeptAside(account, upload));
  const works = await Promise.all(waiting.map(async (upload) => await hasWorkingKey(account, upload)));
  return waiting.filter((_upload, index) => works[index]);
}

function below(objects: ReadonlyMap<string, unknown>, prefix: string): readonly string[] {
  return [...objects.keys()].filter((key) => key.startsWith(prefix));
}

/** True when neither its source is there, nor a manifest of it or of a newer upload under its name. */
function isLost(account: Account, upload: Uploaded): boolean {
  if (account.sources.versions.has(upload.versionId) || isDeleted(account, upload)) return false;
  const tenantId = tenantIdSchema.parse(upload.tenantId);
  if (isUsurped(account, upload))
    return !account.vault.objects.has(supersededKey(tenantId, objectIdSchema.parse(upload.objectId)));
  const objectId = claimedId(account, entryKey(tenantId, upload.key));
  if (objectId === undefined) return true;
  return indexOf(account, objectId) < indexOf(account, upload.objectId);
}

/** True when it was sealed and then deleted, because that was asked for. */
function isDeleted({ removals, state }: Account, { tenantId, objectId }: Uploaded): boolean {
  const removal = removals.get(tenantId);
  if (removal?.deleteCiphertext !== true || removal.step === 'drain') return false;
  const plan = state.plans.get(objectId);
  return plan === undefined || plan.sealedAt !== undefined;
}

function indexOf({ uploads }: Account, objectId: string): number {
  return uploads.findIndex((upload) => upload.objectId === objectId);
}

/** Returns what was restored since the last look and was never uploaded under that name. */
function halfRestored({ destinations, uploads }: Account): readonly string[] {
  const restored = [...destinations.objects];
  destinations.objects.clear();
  return restored
    .filter(
      ([name, { body }]) =>
        !uploads.some((upload) => `restored/${nameOf(upload)}` === name && upload.body.equals(body)),
    )
    .map(([name]) => name);
}

function nameOf({ tenantId, key }: Uploaded): string {
  return `${tenantId}/${key}`;
}
