import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { chunkContext, sharedContext } from '../../../shared/object/context.ts';
import { decrypt, decryptWhole } from '../../../shared/envelope/message/decrypt.ts';
import { FRAME_BYTES } from '../../../shared/envelope/message/message-size.ts';
import { SUITE } from '../../../shared/envelope/message/suite.ts';
import { cachedKeys } from '../../support/cached-keys.ts';
import { codeOf, drained } from '../../support/content.ts';
import { CONTEXT, messageOf, NAME } from '../../support/messages.ts';
import { stockEncrypt } from '../../support/stock-sdk.ts';
import { ACME } from '../../support/tenants.ts';

const MEMBERS = `"chunk-count":"3","chunk-index":"1","format":"sealstream/1","object-id":"${NAME.objectId}","tenant-id":"acme"`;
const LINE = `{${MEMBERS}}\n`;

const { kek, kms } = cachedKeys();

/** Opens a message that somebody with access to the KEK made by hand. Says what the reader releases. */
async function tryToOpen(plaintext: string | Uint8Array): Promise<string> {
  const context = sharedContext(NAME.tenantId);
  const request = { keyArn: ACME.kekArn, context, suiteId: SUITE.id, frameLength: FRAME_BYTES };
  const message = await stockEncrypt(kms, Buffer.from(plaintext), request);
  const { bytes, code } = await drained(decrypt(kek(), { content: [message] }, CONTEXT));
  return code === undefined ? `opened: ${bytes.toString()}` : `${code}, released: ${bytes.length}`;
}

describe('a message under the shared context', () => {
  test('opens to the bytes after its line', async () => {
    expect(await tryToOpen(`${LINE}content`)).toBe('opened: content');
    expect(await tryToOpen(LINE)).toBe('opened: ');
    expect(await tryToOpen(`${LINE}${LINE}`)).toBe(`opened: ${LINE}`);
  });

  test.each([
    ['no line', ''],
    ['a part of it', LINE.slice(0, 40)],
    ['all but its end', LINE.slice(0, -1)],
    ['another end', `{${MEMBERS}}\r\ncontent`],
    ['white space', `{ ${MEMBERS} }\ncontent`],
    ['another order', `{"tenant-id":"acme",${MEMBERS.replace(',"tenant-id":"acme"', '')}}\ncontent`],
    ['a member more', `{"a":"b",${MEMBERS}}\ncontent`],
    ['another chunk’s line', `${LINE.replace('"chunk-index":"1"', '"chunk-index":"2"')}content`],
    ['something before it', `\n${LINE}content`],
    ['content alone', 'content that is longer than any line could be, and then some. '.repeat(10)],
  ])('with %s is refused, and nothing of it is released', async (_, plaintext) => {
    expect(await tryToOpen(plaintext)).toBe('ERR_CONTEXT_MISMATCH, released: 0');
  });
});

test('content that looks like a first line stays content', async () => {
  for (const keyMode of ['per-chunk', 'cached'] as const) {
    const message = await messageOf(kek({ keyMode }), Buffer.from(`${LINE}content`));
    expect((await decryptWhole(kek(), message, CONTEXT)).toString()).toBe(`${LINE}content`);
  }
});

test('content that is the line of another chunk does not make the message that chunk', async () => {
  const line = LINE.replace('"chunk-index":"1"', '"chunk-index":"2"');
  for (const keyMode of ['per-chunk', 'cached'] as const) {
    const message = await messageOf(kek({ keyMode }), Buffer.from(`${line}content`));
    const outcome = decryptWhole(kek(), message, chunkContext(NAME, 2)).then(() => 'opened', codeOf);
    expect(await outcome).toBe('ERR_CONTEXT_MISMATCH');
  }
});

test('in keyMode cached, a DEK that protects only one message is not kept', async () => {
  const sandbox = cachedKeys();
  const message = await messageOf(sandbox.kek({ keyMode: 'per-chunk' }), randomBytes(10));
  for (const _ of [1, 2]) await decryptWhole(sandbox.kek(), message, CONTEXT);
  expect(sandbox.kms.calls.map(({ operation }) => operation)).toEqual([
    'GenerateDataKey',
    'Decrypt',
    'Decrypt',
  ]);
});
