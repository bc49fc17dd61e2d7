/** Wires the function `encrypt`, which does the jobs of the chunk queue. */
import { type ChunkOutcome, encryptChunk } from '../encrypt/encrypt-chunk.ts';
import { admission } from '../lambda/admission.ts';
import type { QueueFunction } from './function-kinds.ts';
import type { Ports } from './ports.ts';
import { sandboxKeys, type SandboxKeyPorts, type SandboxKeySettings } from './sandbox-keys.ts';

export type EncryptFunctionPorts = SandboxKeyPorts &
  Pick<Ports, 'state' | 'sources' | 'vault' | 'parking' | 'redelivery'>;

/**
 * Makes the function of one sandbox, with a key cache, a rate of calls of KMS and an admission to memory of its own.
 */
export function encryptFunction(
  ports: EncryptFunctionPorts,
  settings: SandboxKeySettings,
): QueueFunction<ChunkOutcome> {
  const { state, parking, redelivery } = ports;
  const encryptPorts = { ...ports, ...sandboxKeys(ports, settings), ...admission() };
  return {
    work: async (body, signal) => await encryptChunk(body, encryptPorts, signal),
    queue: { state, parking, redelivery, functionName: 'encrypt' },
  };
}
