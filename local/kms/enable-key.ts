/** EnableKey and DisableKey. */
import * as z from 'zod';
import { authorizeOwn } from './access.ts';
import { KEY_ID, parseInput } from './input.ts';
import { changeView, currentView } from './key.ts';
import { findKeyById } from './lookup.ts';
import type { Operation } from './operation.ts';
import { DELETING, refuseStates } from './usable.ts';

export const enableKey: Operation = switchTo('Enabled', 'kms:EnableKey');
export const disableKey: Operation = switchTo('Disabled', 'kms:DisableKey');

function switchTo(state: 'Enabled' | 'Disabled', action: string): Operation {
  return {
    kind: 'write',
    run(call, input) {
      const request = parseInput(z.object({ KeyId: KEY_ID }), input);
      const key = findKeyById(call.store, call.caller, request.KeyId);
      call.note.key = key;
      authorizeOwn(call, key, action);
      refuseStates(key, currentView(key).state, [...DELETING, 'PendingImport']);
      if (currentView(key).state !== state) changeView(key, call.nowMs, { state });
      return {};
    },
  };
}
