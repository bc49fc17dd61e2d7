/**
 * The names of the events about keys, with the news that each one is.
 * https://docs.aws.amazon.com/kms/latest/developerguide/kms-events.html
 */

/** The news of an event: the key is off, it may be on again, it may have been taken from us, or its material is new. */
export type KeyEventKind = 'disabling' | 'enabling' | 'questioning' | 'rotation';

/** Every event that says something about a key, with its news. */
export const KEY_EVENT_KINDS: ReadonlyMap<string, KeyEventKind> = new Map([
  ['DisableKey', 'disabling'],
  ['ScheduleKeyDeletion', 'disabling'],
  ['DeleteImportedKeyMaterial', 'disabling'],
  ['DeleteKey', 'disabling'],
  ['DeleteExpiredKeyMaterial', 'disabling'],
  ['KMS Imported Key Material Expiration', 'disabling'],
  ['KMS CMK Deletion', 'disabling'],
  ['PutKeyPolicy', 'questioning'],
  ['RevokeGrant', 'questioning'],
  ['RetireGrant', 'questioning'],
  ['EnableKey', 'enabling'],
  ['CancelKeyDeletion', 'enabling'],
  ['ImportKeyMaterial', 'enabling'],
  ['CreateGrant', 'enabling'],
  // CloudTrail tells of the same rotation by RotateKey or RotateKeyOnDemand, so these two are not listed.
  ['KMS CMK Rotation', 'rotation'],
]);

/**
 * The detail types of the events that KMS itself sends to EventBridge. The rules of the stack and of tenants list
 * them.
 */
export const NATIVE_EVENTS: readonly string[] = [...KEY_EVENT_KINDS.keys()].filter((name) =>
  name.startsWith('KMS '),
);

/**
 * The names of the events that come through CloudTrail. The rules list these and no others, so nothing else that
 * happens to anybody's keys reaches us. TagResource changes nothing about a key: tenants are asked to call it, so that
 * we hear of the key once.
 */
export const TRAIL_EVENTS: readonly string[] = [
  ...[...KEY_EVENT_KINDS.keys()].filter((name) => !NATIVE_EVENTS.includes(name)),
  'TagResource',
];
