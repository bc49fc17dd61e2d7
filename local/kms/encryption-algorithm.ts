/** The only encryption algorithm of symmetric keys, and the default. Asymmetric keys cannot be used here. */
import * as z from 'zod';
import { notImplemented } from './errors.ts';

export const SYMMETRIC = 'SYMMETRIC_DEFAULT';

/** The schema of members that name an algorithm. */
export const ALGORITHM: z.ZodOptional<z.ZodString> = z.string().optional();

/** The condition key of every use of a key that has an algorithm. */
export const ALGORITHM_CONDITION: Readonly<Record<string, string>> = { 'kms:EncryptionAlgorithm': SYMMETRIC };

/** @throws NotImplemented for the algorithms of asymmetric keys */
export function requireSymmetricAlgorithm(name: string | undefined): void {
  if (name !== undefined && name !== SYMMETRIC) throw notImplemented(`the encryption algorithm ${name}`);
}
