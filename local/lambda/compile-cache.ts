/** The folder in which Node keeps compiled code, so that a process need not compile what another one has compiled. */
import { fileURLToPath } from 'node:url';

/** The value of the environment variable NODE_COMPILE_CACHE for processes of the local AWS. */
export const COMPILE_CACHE: string = fileURLToPath(
  new URL('../../node_modules/.cache/sealstream/compile', import.meta.url),
);
