/** Imports a tenant's own key material into its KEK. */
import { GetParametersForImportCommand, ImportKeyMaterialCommand, type KMSClient } from '@aws-sdk/client-kms';
import { constants, publicEncrypt } from 'node:crypto';

/** Imports the material. Without `validTo` it does not expire. */
export async function importMaterial(
  kms: KMSClient,
  KeyId: string,
  { material, validTo: ValidTo }: { readonly material: Uint8Array; readonly validTo?: Date },
): Promise<void> {
  const { ImportToken, PublicKey = new Uint8Array() } = await kms.send(
    new GetParametersForImportCommand({
      KeyId,
      WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
      WrappingKeySpec: 'RSA_2048',
    }),
  );
  const base64 = Buffer.from(PublicKey).toString('base64');
  const key = `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----`;
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const EncryptedKeyMaterial = publicEncrypt({ key, padding, oaepHash: 'sha256' }, material);
  const expiry =
    ValidTo === undefined
      ? ({ ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' } as const)
      : ({ ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo } as const);
  await kms.send(new ImportKeyMaterialCommand({ KeyId, ImportToken, EncryptedKeyMaterial, ...expiry }));
}
