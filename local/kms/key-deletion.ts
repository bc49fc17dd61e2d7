/** ScheduleKeyDeletion and CancelKeyDeletion. A key whose deletion is cancelled stays disabled. */
import * as z from 'zod';
import { authorizeOwn } from './access.ts';
import { kmsError } from './errors.ts';
import { KEY_ID, parseInput } from './input.ts';
import { changeView, currentView, isReplica, type KmsKey } from './key.ts';
import { findKeyById, keySet } from './lookup.ts';
import type { Call, Operation } from './operation.ts';
import { DELETING, refuseStates } from './usable.ts';

export const scheduleKeyDeletion: Operation = {
  kind: 'write',
  run(call, input) {
    const request = parseInput(scheduleRequest, input);
    const key = findKeyById(call.store, call.caller, request.KeyId);
    call.note.key = key;
    const context = { 'kms:ScheduleKeyDeletionPendingWindowInDays': String(request.PendingWindowInDays) };
    authorizeOwn(call, key, 'kms:ScheduleKeyDeletion', { context });
    refuseStates(key, currentView(key).state, DELETING);
    key.pendingWindowDays = request.PendingWindowInDays;
    if (hasReplicas(call, key)) changeView(key, call.nowMs, { state: 'PendingReplicaDeletion' });
    else beginPendingDeletion(key, call.nowMs);
    return {
      KeyId: key.arn,
      KeyState: currentView(key).state,
      PendingWindowInDays: request.PendingWindowInDays,
      ...(key.deletionMs === undefined ? {} : { DeletionDate: key.deletionMs / 1000 }),
    };
  },
};

export const cancelKeyDeletion: Operation = {
  kind: 'write',
  run(call, input) {
    const request = parseInput(z.object({ KeyId: KEY_ID }), input);
    const key = findKeyById(call.store, call.caller, request.KeyId);
    call.note.key = key;
    authorizeOwn(call, key, 'kms:CancelKeyDeletion');
    if (!DELETING.includes(currentView(key).state))
      throw kmsError('KMSInvalidStateException', `${key.arn} is not pending deletion.`);
    key.deletionMs = undefined;
    key.pendingWindowDays = undefined;
    const empty = key.origin === 'EXTERNAL' && key.imported === undefined;
    changeView(key, call.nowMs, { state: empty ? 'PendingImport' : 'Disabled' });
    return { KeyId: key.arn };
  },
};

/** Starts the waiting period. Precondition: `pendingWindowDays` is set. */
export function beginPendingDeletion(key: KmsKey, nowMs: number): void {
  key.deletionMs = nowMs + (key.pendingWindowDays ?? DEFAULT_WINDOW_DAYS) * DAY_MS;
  changeView(key, nowMs, { state: 'PendingDeletion' });
}

const DAY_MS = 86_400_000;
const DEFAULT_WINDOW_DAYS = 30;

const scheduleRequest = z.object({
  KeyId: KEY_ID,
  PendingWindowInDays: z.int().min(7).max(30).default(DEFAULT_WINDOW_DAYS),
});

/** True for a primary with replicas. It is deleted only after its last replica. */
function hasReplicas(call: Call, key: KmsKey): boolean {
  return key.primaryRegion !== undefined && !isReplica(key) && keySet(call.store, key).length > 1;
}
