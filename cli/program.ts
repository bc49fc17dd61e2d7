/** The command line: its commands, the options that all commands have, its output and its exit codes. */
import { Command, CommanderError } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { controlPlaneOf, type Target } from './session/control-plane.ts';
import { type FailureExitCode, failureOf } from './session/failure.ts';
import type { Outcome, Perform } from './session/session.ts';
import { addTenantCommands } from './tenant/commands.ts';
import type { Terminal } from './session/terminal.ts';

interface GlobalOptions extends Target {
  readonly json: boolean;
}

/**
 * Runs one command and returns the exit code. It never rejects: every failure is reported on the terminal, in one line.
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<0 | FailureExitCode> {
  const program = programOn(terminal);
  let outcome: Outcome | undefined;
  const perform: Perform = async (work) => {
    const options = program.opts<GlobalOptions>();
    outcome = await work({ controlPlane: controlPlaneOf(options), terminal, json: options.json });
  };
  addTenantCommands(program, perform);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return reportFailure(error, program.opts<GlobalOptions>(), terminal);
  }
  if (outcome === undefined) return 0;
  terminal.print(program.opts<GlobalOptions>().json ? JSON.stringify(outcome.answer) : outcome.text);
  return outcome.ok ? 0 : 1;
}

function programOn(terminal: Terminal): Command {
  return new Command('sealstream')
    .description('Operate Sealstream: tenants and their keys, from onboarding to offboarding.')
    .version(manifest.version)
    .option('--stage <name>', 'the stage of the deployment', 'dev')
    .option('--endpoint-url <url>', 'the endpoint to use instead of AWS (default: AWS_ENDPOINT_URL)')
    .option('--profile <name>', 'the profile of the AWS configuration (default: AWS_PROFILE)')
    .option('--region <region>', 'the region of the deployment (default: AWS_REGION, or that of the profile)')
    .option('--json', 'print one JSON document on standard output and nothing else', false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help shows the options and examples)')
    .addHelpText(
      'afterAll',
      '\nExit codes: 0 done; 1 findings, or refused; 2 wrong usage; 3 AWS unreachable or denied, or a function failed.',
    );
}

function reportFailure(error: unknown, { json }: GlobalOptions, terminal: Terminal): FailureExitCode {
  const { code, message, exitCode } = failureOf(error);
  if (json) terminal.print(JSON.stringify({ error: { code, message } }));
  // Commander has printed its own message already, with the hint to --help.
  else if (!(error instanceof CommanderError)) terminal.note(`sealstream: ${code}: ${message}`);
  return exitCode;
}
