/** The big red button: KMS as the administrators of a tenant's own account reach it. */
import {
  DisableKeyCommand,
  EnableKeyCommand,
  KMSClient,
  KMSServiceException,
  TagResourceCommand,
} from '@aws-sdk/client-kms';
import { REGION } from '../names.ts';

export interface Button {
  /** Answers when KMS had answered, milliseconds since 1970. */
  press(): Promise<number>;
  /** Answers when KMS was about to be asked, and when it had answered. */
  release(): Promise<{ readonly enablingMs: number; readonly enabledMs: number }>;
  /** Makes an event of the key that says nothing about its use. */
  touch(): Promise<void>;
  /** Tries to disable and to enable another account's key; KMS refuses, and the trail tells of it. */
  tryOther(kekArn: string): Promise<void>;
}

export function buttonOf(endpoint: string, kekArn: string): Button {
  const credentials = { accessKeyId: kekArn.split(':')[4] ?? '', secretAccessKey: 'local' };
  const kms = new KMSClient({ endpoint, region: REGION, credentials });
  return {
    async press() {
      await kms.send(new DisableKeyCommand({ KeyId: kekArn }));
      return Date.now();
    },
    async release() {
      const enablingMs = Date.now();
      await kms.send(new EnableKeyCommand({ KeyId: kekArn }));
      return { enablingMs, enabledMs: Date.now() };
    },
    async touch() {
      await kms.send(
        new TagResourceCommand({ KeyId: kekArn, Tags: [{ TagKey: 'drill', TagValue: 'touched' }] }),
      );
    },
    async tryOther(other) {
      await refused(kms.send(new DisableKeyCommand({ KeyId: other })));
      await refused(kms.send(new EnableKeyCommand({ KeyId: other })));
    },
  };
}

async function refused(call: Promise<unknown>): Promise<void> {
  const answer = await call.catch((error: unknown) => error);
  if (!(answer instanceof KMSServiceException))
    throw new Error('KMS let an account change another one’s key');
}
