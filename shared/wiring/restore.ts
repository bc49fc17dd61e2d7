/** Wires the function `restore`, which decrypts one object to a destination. */
import { parseRequest, type RestoreBuckets, type RestoreRequest } from '../restore/request.ts';
import { restore, type Restored } from '../restore/restore.ts';
import type { RequestFunction } from './function-kinds.ts';
import type { Ports } from './ports.ts';
import { sandboxKeys, type SandboxKeyPorts, type SandboxKeySettings } from './sandbox-keys.ts';

export type RestoreFunctionPorts = SandboxKeyPorts & Pick<Ports, 'vault' | 'destinations'>;

/** Makes the function of one sandbox, with a key cache and a rate of calls of KMS of its own. */
export function restoreFunction(
  ports: RestoreFunctionPorts,
  settings: SandboxKeySettings & RestoreBuckets,
): RequestFunction<RestoreRequest, Restored> {
  const restorePorts = { ...ports, ...sandboxKeys(ports, settings) };
  return {
    parse: (event) => parseRequest(event, settings),
    answer: async (request, signal) => await restore(request, restorePorts, signal),
  };
}
