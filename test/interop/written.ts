/** Messages that a stock Encryption SDK writes: those that everybody must open, and those that nobody may open. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { firstLine } from '../../shared/envelope/message/first-line.ts';
import { chunkContext, type EncryptionContext, sharedContext } from '../../shared/object/context.ts';
import { objectIdOf } from '../../shared/object/object-id.ts';
import type { OpenTask, WriteTask } from './tasks.ts';
import { sha256Of } from './trial.ts';
import { CHUNK_BYTES, type TenantVault, type Vault } from './vault.ts';

const FRAME_BYTES = 1_048_576;
const SIZES = [0, 1, FRAME_BYTES - 1, FRAME_BYTES, CHUNK_BYTES];

/** A message that is written in another language. */
export interface WrittenMessage {
  readonly write: { readonly task: WriteTask; readonly sha256: string };
  readonly open: { readonly task: OpenTask; readonly sha256?: string | undefined };
  /** The tenant under whose key it is. */
  readonly vault: TenantVault;
}

interface Plan {
  readonly name: string;
  readonly vault: TenantVault;
  readonly bytes: number;
  /** True when its DEK serves other messages too (FORMAT rule 20). */
  readonly isShared?: boolean;
  /** The one difference from what FORMAT says. Such a message must be refused. */
  readonly forged?: {
    readonly suiteId?: number;
    readonly frameLength?: number;
    readonly context?: EncryptionContext;
  };
}

/** Plans the messages and saves their plaintexts. */
export async function messagesToWrite(vaults: Vault, folder: string): Promise<readonly WrittenMessage[]> {
  const { acme, globex, initech } = vaults;
  const plans: readonly Plan[] = [
    ...SIZES.map((bytes) => ({ name: `${bytes} bytes, per-chunk`, vault: acme, bytes })),
    ...SIZES.map((bytes) => ({ name: `${bytes} bytes, hierarchical`, vault: initech, bytes })),
    { name: 'a shared DEK', vault: globex, bytes: CHUNK_BYTES, isShared: true },
    { name: 'no key commitment', vault: acme, bytes: 1, forged: { suiteId: 0x01_78 } },
    { name: 'a signature', vault: acme, bytes: 1, forged: { suiteId: 0x05_78 } },
    { name: 'frames of 4 KiB', vault: acme, bytes: 1, forged: { frameLength: 4_096 } },
    { name: 'one more pair', vault: acme, bytes: 1, forged: { context: { purpose: 'other' } } },
    { name: 'another chunk', vault: acme, bytes: 1, forged: { context: { 'chunk-index': '0' } } },
  ];
  return await Promise.all(plans.map(async (plan, at) => await planned(plan, join(folder, `written-${at}`))));
}

async function planned(
  { name, vault, bytes, isShared, forged }: Plan,
  file: string,
): Promise<WrittenMessage> {
  const { tenantId } = vault.tenant;
  const objectId = objectIdOf('written', name, 'v1');
  const context = chunkContext({ tenantId, objectId, chunkCount: 3 }, 1);
  const content = randomBytes(bytes);
  const plaintext = isShared === true ? Buffer.concat([firstLine(context), content]) : content;
  await writeFile(`${file}.plaintext`, plaintext);
  const own = isShared === true ? sharedContext(tenantId) : { ...context, ...forged?.context };
  const { suiteId, frameLength } = forged ?? {};
  const message = { key: vault.key, message: `${file}.message` };
  return {
    vault,
    write: {
      task: {
        task: 'write',
        id: `writes: ${name}`,
        ...message,
        context: own,
        plaintext: `${file}.plaintext`,
        suiteId,
        frameLength,
      },
      sha256: sha256Of(plaintext),
    },
    open: {
      task: { task: 'open', id: `written: ${name}`, ...message, context },
      sha256: forged === undefined ? sha256Of(content) : undefined,
    },
  };
}
