/** The KMS of the local AWS, asked in process as the AWS SDK asks it. */
import * as z from 'zod';
import { principalOf } from '../../../local/front/identity.ts';
import type { Kms } from '../../../local/kms/service.ts';
import { REGION } from '../../../laptop/names.ts';
import { AwsError } from '../../../local/front/service.ts';

const DATE_MEMBERS: ReadonlySet<string> = new Set(['DeletionDate', 'ValidTo', 'CreationDate']);

/** Bytes for base64, dates for seconds, and errors by their name. */
export async function call(
  kms: Kms,
  accessKeyId: string,
  operation: string,
  input: object,
): Promise<Record<string, unknown>> {
  const region = regionOf(input);
  const principal = principalOf({ accessKeyId, region, service: 'kms' });
  const caller = { principal, region, requestId: 'in-process', userAgent: 'fleet' };
  try {
    return received(await kms.call(operation, sent(input), caller));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw Object.assign(new Error(error.message), { name: error.code });
  }
}

/** The region of the key that is asked for, whose KMS the SDK asks. */
export function regionOf(input: object): string {
  const { KeyId, SourceKeyId = KeyId } = namedSchema.parse(input);
  return SourceKeyId?.startsWith('arn:') === true ? (SourceKeyId.split(':')[3] ?? REGION) : REGION;
}

const namedSchema = z.object({ KeyId: z.string().optional(), SourceKeyId: z.string().optional() });

function sent(input: object): Record<string, unknown> {
  const entries = Object.entries(input).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
    ]),
  );
}

function received(output: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(output).map(([name, value]) => {
      if (name === 'Plaintext' || name === 'CiphertextBlob')
        return [name, Buffer.from(String(value), 'base64')];
      if (DATE_MEMBERS.has(name)) return [name, new Date(Number(value) * 1000)];
      return [name, name === 'KeyMetadata' ? received(Object(value)) : value];
    }),
  );
}
