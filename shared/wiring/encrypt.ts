/** Wires the function `encrypt`, which does the jobs of the chunk queue. */
import { encryptJob } from '../encrypt/encrypt-job.ts';
import type { JobOutcome } from '../encrypt/outcome.ts';
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
): QueueFunction<JobOutcome> {
  const { state, parking, redelivery } = ports;
  const encryptPorts = { ...ports, ...sandboxKeys(ports, settings), ...admission() };
  return {
    work: async (body, signal) => await encryptJob(body, encryptPorts, signal),
    queue: { state, parking, redelivery, functionName: 'encrypt' },
  };
}
