/** KMS as the data path asks it. */
import type { DataPathKms } from '../ports/kms.ts';
import { kmsClientPerRegion } from './clients.ts';

export function dataPathKms(): DataPathKms {
  const clientFor = kmsClientPerRegion();
  return {
    generateDataKey: async (request) => withoutMatch(await clientFor(request.KeyId).generateDataKey(request)),
    decrypt: async (request) => withoutMatch(await clientFor(request.KeyId).decrypt(request)),
  };
}

/**
 * Returns the answer, and makes V8 forget the text of the plaintext DEK in it. The SDK checks by regular expression
 * that this text is base64, and V8 keeps the text that was matched last for `RegExp.input`. So something else is
 * matched.
 */
export function withoutMatch<Answer>(answer: Answer): Answer {
  /\s*/u.test('');
  return answer;
}
