/** CreateAlias, UpdateAlias, DeleteAlias and ListAliases. An alias needs permission on itself and on its key. */
import * as z from 'zod';
import { authorizeIdentity, authorizeOwn } from './access.ts';
import { kmsError } from './errors.ts';
import { KEY_ID, parseInput } from './input.ts';
import { currentView, type KmsKey } from './key.ts';
import { aliasArn, aliasNotFound, findAlias, findKeyById } from './lookup.ts';
import type { Call, Operation } from './operation.ts';
import { PAGE, page } from './page.ts';
import type { Alias } from './store.ts';
import { DELETING, refuseStates } from './usable.ts';

export const createAlias: Operation = {
  kind: 'write',
  run(call, input) {
    const { AliasName: name, TargetKeyId } = parseInput(aliasRequest, input);
    const key = target(call, TargetKeyId, name, 'kms:CreateAlias');
    requireAliasName(name);
    refuseStates(key, currentView(key).state, DELETING);
    const { accountId, region } = key;
    if (findAlias(call.store, { region, accountId, name }) !== undefined)
      throw kmsError(
        'AlreadyExistsException',
        `An alias with the name ${aliasArn({ accountId, region, name })} already exists`,
      );
    const { nowMs } = call;
    call.store.aliases.push({
      accountId,
      region,
      name,
      targetKeyId: key.keyId,
      createdMs: nowMs,
      updatedMs: nowMs,
    });
    return {};
  },
};

export const updateAlias: Operation = {
  kind: 'write',
  run(call, input) {
    const { AliasName: name, TargetKeyId } = parseInput(aliasRequest, input);
    const alias = getAlias(call, name);
    const former = findKeyById(call.store, call.caller, alias.targetKeyId);
    authorizeOwn(call, former, 'kms:UpdateAlias');
    const key = target(call, TargetKeyId, name, 'kms:UpdateAlias');
    refuseStates(key, currentView(key).state, DELETING);
    if (former.keyUsage !== key.keyUsage || (former.keySpec === SYMMETRIC) !== (key.keySpec === SYMMETRIC))
      throw kmsError('ValidationException', 'Alias target keys must be of the same type and usage');
    alias.targetKeyId = key.keyId;
    alias.updatedMs = call.nowMs;
    return {};
  },
};

export const deleteAlias: Operation = {
  kind: 'write',
  run(call, input) {
    const { AliasName: name } = parseInput(z.object({ AliasName: ALIAS_NAME }), input);
    const alias = getAlias(call, name);
    target(call, alias.targetKeyId, name, 'kms:DeleteAlias');
    call.store.aliases.splice(call.store.aliases.indexOf(alias), 1);
    return {};
  },
};

export const listAliases: Operation = {
  kind: 'read',
  run(call, input) {
    const request = parseInput(z.object({ ...PAGE, KeyId: KEY_ID.optional() }), input);
    authorizeIdentity(call, 'kms:ListAliases');
    const { principal, region } = call.caller;
    const keyId =
      request.KeyId === undefined ? undefined : findKeyById(call.store, call.caller, request.KeyId).keyId;
    const own = call.store.aliases.filter(
      (alias) =>
        alias.accountId === principal.accountId &&
        alias.region === region &&
        (keyId ?? alias.targetKeyId) === alias.targetKeyId,
    );
    return page('Aliases', own.map(renderAlias), request);
  },
};

const SYMMETRIC = 'SYMMETRIC_DEFAULT';
const ALIAS_NAME = z.string().min(1).max(256);
const aliasRequest = z.object({ AliasName: ALIAS_NAME, TargetKeyId: KEY_ID });

function target(call: Call, keyId: string, name: string, action: string): KmsKey {
  const key = findKeyById(call.store, call.caller, keyId);
  const arn = aliasArn({ accountId: call.caller.principal.accountId, region: call.caller.region, name });
  call.note.key = key;
  call.note.aliasArn = arn;
  authorizeIdentity(call, action, arn);
  authorizeOwn(call, key, action);
  return key;
}

function requireAliasName(name: string): void {
  if (!/^alias\/[\w/-]+$/.test(name)) throw kmsError('ValidationException', 'Invalid identifier');
  if (name.startsWith('alias/aws/'))
    throw kmsError('InvalidAliasNameException', 'The prefix alias/aws/ is reserved.');
}

function getAlias(call: Call, name: string): Alias {
  const { caller, store } = call;
  const alias = findAlias(store, { region: caller.region, accountId: caller.principal.accountId, name });
  if (alias === undefined) throw aliasNotFound(caller.region, caller.principal.accountId, name);
  return alias;
}

function renderAlias(alias: Alias): object {
  return {
    AliasName: alias.name,
    AliasArn: aliasArn(alias),
    TargetKeyId: alias.targetKeyId,
    CreationDate: alias.createdMs / 1000,
    LastUpdatedDate: alias.updatedMs / 1000,
  };
}
