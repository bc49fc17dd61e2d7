/** The operations of the KMS API that the local KMS answers. */
import { createAlias, deleteAlias, listAliases, updateAlias } from './aliases.ts';
import { createGrant } from './create-grant.ts';
import { createKey } from './create-key.ts';
import { generateDataKey, generateDataKeyWithoutPlaintext, generateRandom } from './data-keys.ts';
import { decrypt } from './decrypt.ts';
import { describeKey, listKeys } from './describe-key.ts';
import { disableKey, enableKey } from './enable-key.ts';
import { encrypt } from './encrypt.ts';
import { retireGrant, revokeGrant } from './end-grant.ts';
import { deleteImportedKeyMaterial, importKeyMaterial } from './import-material.ts';
import { getParametersForImport } from './import-parameters.ts';
import { cancelKeyDeletion, scheduleKeyDeletion } from './key-deletion.ts';
import { getKeyPolicy, listKeyPolicies, putKeyPolicy } from './key-policy.ts';
import { listGrants } from './list-grants.ts';
import type { Operation } from './operation.ts';
import {
  disableKeyRotation,
  enableKeyRotation,
  getKeyRotationStatus,
  rotateKeyOnDemand,
} from './rotation.ts';
import { reEncrypt } from './re-encrypt.ts';
import { replicateKey } from './replicate-key.ts';
import { listResourceTags, tagResource, untagResource } from './tags.ts';

export const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ['CancelKeyDeletion', cancelKeyDeletion],
  ['CreateAlias', createAlias],
  ['CreateGrant', createGrant],
  ['CreateKey', createKey],
  ['Decrypt', decrypt],
  ['DeleteAlias', deleteAlias],
  ['DeleteImportedKeyMaterial', deleteImportedKeyMaterial],
  ['DescribeKey', describeKey],
  ['DisableKey', disableKey],
  ['DisableKeyRotation', disableKeyRotation],
  ['EnableKey', enableKey],
  ['EnableKeyRotation', enableKeyRotation],
  ['Encrypt', encrypt],
  ['GenerateDataKey', generateDataKey],
  ['GenerateDataKeyWithoutPlaintext', generateDataKeyWithoutPlaintext],
  ['GenerateRandom', generateRandom],
  ['GetKeyPolicy', getKeyPolicy],
  ['GetKeyRotationStatus', getKeyRotationStatus],
  ['GetParametersForImport', getParametersForImport],
  ['ImportKeyMaterial', importKeyMaterial],
  ['ListAliases', listAliases],
  ['ListGrants', listGrants],
  ['ListKeyPolicies', listKeyPolicies],
  ['ListKeys', listKeys],
  ['ListResourceTags', listResourceTags],
  ['PutKeyPolicy', putKeyPolicy],
  ['ReEncrypt', reEncrypt],
  ['ReplicateKey', replicateKey],
  ['RetireGrant', retireGrant],
  ['RevokeGrant', revokeGrant],
  ['RotateKeyOnDemand', rotateKeyOnDemand],
  ['ScheduleKeyDeletion', scheduleKeyDeletion],
  ['TagResource', tagResource],
  ['UntagResource', untagResource],
  ['UpdateAlias', updateAlias],
]);
