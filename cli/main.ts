/** The program `npx sealstream`. */
import { run } from './program.ts';
import { processTerminal } from './session/terminal.ts';

process.exitCode = await run(process.argv.slice(2), processTerminal());
