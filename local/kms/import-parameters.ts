/** GetParametersForImport: a wrapping key and a token, valid for 24 hours. */
import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import * as z from 'zod';
import { notImplemented } from './errors.ts';
import { findExternalKey } from './external-key.ts';
import { KEY_ID, parseInput } from './input.ts';
import { currentView } from './key.ts';
import type { Operation } from './operation.ts';
import { DELETING, refuseStates } from './usable.ts';

export const getParametersForImport: Operation = {
  kind: 'write',
  async run(call, input) {
    const request = parseInput(parametersRequest, input);
    const key = findExternalKey(call, request.KeyId, 'kms:GetParametersForImport');
    refuseStates(key, currentView(key).state, DELETING);
    const oaepHash = OAEP_HASHES.get(request.WrappingAlgorithm);
    if (oaepHash === undefined) throw notImplemented(`the wrapping algorithm ${request.WrappingAlgorithm}`);
    const pair = await generateWrappingKey(Number(request.WrappingKeySpec.replace('RSA_', '')));
    const token = randomBytes(64).toString('base64');
    const expiresMs = call.nowMs + TOKEN_MS;
    call.store.importTokens.push({
      token,
      keyArn: key.arn,
      privateKey: pair.privateKey,
      oaepHash,
      expiresMs,
    });
    return {
      KeyId: key.arn,
      ImportToken: token,
      PublicKey: pair.publicKey.toString('base64'),
      ParametersValidTo: expiresMs / 1000,
    };
  },
};

const TOKEN_MS = 86_400_000;

const OAEP_HASHES: ReadonlyMap<string, string> = new Map([
  ['RSAES_OAEP_SHA_256', 'sha256'],
  ['RSAES_OAEP_SHA_1', 'sha1'],
]);

const parametersRequest = z.object({
  KeyId: KEY_ID,
  WrappingAlgorithm: z.enum([
    'RSAES_OAEP_SHA_1',
    'RSAES_OAEP_SHA_256',
    'RSA_AES_KEY_WRAP_SHA_1',
    'RSA_AES_KEY_WRAP_SHA_256',
    'RSAES_PKCS1_V1_5',
    'SM2PKE',
  ]),
  WrappingKeySpec: z.enum(['RSA_2048', 'RSA_3072', 'RSA_4096']),
});

async function generateWrappingKey(
  modulusLength: number,
): Promise<{ publicKey: Buffer; privateKey: string }> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength });
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
