/** The key that a request means by bare id, key ARN, alias name or alias ARN, in the region that was called. */
import type { Caller } from '../front/service.ts';
import { kmsError } from './errors.ts';
import { keyArn, type KmsKey } from './key.ts';
import type { Alias, Store } from './store.ts';

export interface FoundKey {
  readonly key: KmsKey;
  /** The alias, if the request named one. */
  readonly alias?: Alias;
}

/**
 * Returns the key. Bare ids and alias names mean the caller's own account.
 * @throws NotFoundException
 */
export function findKey(store: Store, caller: Caller, identifier: string): FoundKey {
  const { accountId, resource } = readIdentifier(caller, identifier);
  if (!resource.startsWith('alias/'))
    return { key: getKey(store, { region: caller.region, accountId, keyId: resource }) };
  const alias = findAlias(store, { region: caller.region, accountId, name: resource });
  if (alias === undefined) throw aliasNotFound(caller.region, accountId, resource);
  return { key: getKey(store, { region: caller.region, accountId, keyId: alias.targetKeyId }), alias };
}

/**
 * Returns the key for operations that take no alias.
 * @throws NotFoundException
 */
export function findKeyById(store: Store, caller: Caller, identifier: string): KmsKey {
  if (/(^|:)alias\//.test(identifier)) throw kmsError('NotFoundException', `Invalid keyId ${identifier}`);
  return findKey(store, caller, identifier).key;
}

/**
 * Returns the key that a ciphertext names. Ids are unique, except that the keys of a multi-Region set share theirs.
 */
export function findKeyInRegion(store: Store, region: string, keyId: string): KmsKey | undefined {
  return [...store.keys.values()].find((key) => key.region === region && key.keyId === keyId);
}

export function findAlias(
  store: Store,
  { region, accountId, name }: Pick<Alias, 'region' | 'accountId' | 'name'>,
): Alias | undefined {
  return store.aliases.find(
    (alias) => alias.region === region && alias.accountId === accountId && alias.name === name,
  );
}

export function aliasArn(alias: Pick<Alias, 'accountId' | 'region' | 'name'>): string {
  return `arn:aws:kms:${alias.region}:${alias.accountId}:${alias.name}`;
}

export function aliasNotFound(region: string, accountId: string, name: string): Error {
  return kmsError('NotFoundException', `Alias ${aliasArn({ accountId, region, name })} is not found.`);
}

/** Returns every key of a multi-Region set; the key alone when it is in none. */
export function keySet(store: Store, key: KmsKey): readonly KmsKey[] {
  return [...store.keys.values()].filter(({ keyId }) => keyId === key.keyId);
}

function readIdentifier(caller: Caller, identifier: string): { accountId: string; resource: string } {
  const { accountId } = caller.principal;
  if (!identifier.startsWith('arn:')) return { accountId, resource: bareResource(identifier) };
  const match = /^arn:aws:kms:([a-z0-9-]+):(\d{12}):(?:key\/|(?=alias\/))(.+)$/.exec(identifier);
  const [, region, account, resource] = match ?? [];
  if (account === undefined || resource === undefined)
    throw kmsError('InvalidArnException', `Invalid arn ${identifier}`);
  if (region !== caller.region) throw kmsError('NotFoundException', `Invalid arn ${region}`);
  return { accountId: account, resource };
}

function bareResource(identifier: string): string {
  if (/^(alias\/.+|mrk-[0-9a-f]{32}|[0-9a-f-]{36})$/.test(identifier)) return identifier;
  throw kmsError('NotFoundException', `Invalid keyId '${identifier}'`);
}

function getKey(
  store: Store,
  { region, accountId, keyId }: Pick<KmsKey, 'region' | 'accountId' | 'keyId'>,
): KmsKey {
  const arn = keyArn(accountId, region, keyId);
  const key = store.keys.get(arn);
  if (key === undefined) throw kmsError('NotFoundException', `Key '${arn}' does not exist`);
  return key;
}
