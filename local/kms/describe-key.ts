/** DescribeKey and ListKeys. */
import * as z from 'zod';
import { authorize, authorizeIdentity } from './access.ts';
import { GRANT_TOKENS, KEY_ID, parseInput } from './input.ts';
import { keyMetadata } from './key-metadata.ts';
import { findKey } from './lookup.ts';
import type { Operation } from './operation.ts';
import { PAGE, page } from './page.ts';

export const describeKey: Operation = {
  kind: 'read',
  run(call, input) {
    const request = parseInput(z.object({ KeyId: KEY_ID, GrantTokens: GRANT_TOKENS }), input);
    const found = findKey(call.store, call.caller, request.KeyId);
    call.note.key = found.key;
    authorize(call, found, 'kms:DescribeKey', { grantTokens: request.GrantTokens });
    return { KeyMetadata: keyMetadata(call.store, found.key, call.viewOf(found.key)) };
  },
};

export const listKeys: Operation = {
  kind: 'read',
  run(call, input) {
    const request = parseInput(z.object(PAGE), input);
    authorizeIdentity(call, 'kms:ListKeys');
    const { principal, region } = call.caller;
    const own = [...call.store.keys.values()].filter(
      (key) => key.accountId === principal.accountId && key.region === region,
    );
    return page(
      'Keys',
      own.map(({ keyId, arn }) => ({ KeyId: keyId, KeyArn: arn })),
      request,
    );
  },
};
