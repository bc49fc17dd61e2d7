/** `npm run local`: starts the AWS on a laptop, says how to reach it, and ends when told to or when left alone. */
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { formatLine } from '../local/lambda/function-log.ts';
import { type LocalAws, startLocal } from './start.ts';
import { whenAbandoned } from './when-abandoned.ts';

interface Options {
  readonly port: number;
  readonly data?: string;
  readonly sandboxes: number;
  readonly functions: boolean;
  readonly stepByStep: boolean;
  readonly verifySignatures: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
}

const command = new Command('local')
  .description('Serve S3, SQS, KMS, DynamoDB, EventBridge and Lambda on one local endpoint')
  .option('--port <number>', 'port to listen on, 0 for any free one', wholeNumber, 4566)
  .option(
    '--data <folder>',
    'keep everything in this folder, closed to other users (default: a temporary one)',
  )
  .option('--sandboxes <number>', 'processes per function', wholeNumber, 2)
  .option('--no-functions', 'only the services: no stack, no functions, no tenants')
  .option(
    '--step-by-step',
    'invoke no function by itself; upload acme/hello.txt to take through by hand',
    false,
  )
  .option('--verify-signatures', 'S3 takes only what is signed with the secret `local`', false)
  .option('--json', 'print one JSON line when ready, and nothing else', false)
  .option('--verbose', "the functions' log lines on stderr", false);

// Whatever is written, by this process or a sandbox, is this user's alone.
process.umask(0o077);
await run(command.parse().opts<Options>());

async function run(options: Options): Promise<void> {
  let aws: LocalAws | undefined;
  let ending = false;
  const end = (): void => {
    ending = true;
    void aws?.close().then(() => process.exit(0), fail);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  whenAbandoned(end);
  try {
    aws = await startLocal({
      port: options.port,
      dataDir: options.data === undefined ? undefined : resolve(options.data),
      sandboxesPerFunction: options.sandboxes,
      deploy: options.functions,
      stepByStep: options.stepByStep,
      verifySignatures: options.verifySignatures,
      onLog: options.verbose ? (line) => console.error(formatLine(line)) : undefined,
    });
  } catch (error) {
    return fail(error, options.port);
  }
  // The signal may have come while everything was still starting.
  if (ending) end();
  else process.stdout.write(options.json ? `${JSON.stringify(readyLine(aws))}\n` : greeting(aws, options));
}

function readyLine({
  endpoint,
  accountId,
  region,
  dataDir,
  environment,
  tenants,
  outputs,
}: LocalAws): object {
  return { ready: true, endpoint, accountId, region, dataDir, environment, tenants, outputs };
}

function greeting(
  { endpoint, environment, accountId, tenants, dataDir }: LocalAws,
  options: Options,
): string {
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${value}`);
  const accounts = tenants.map(
    ({ tenantId, accountId: id, kekArn }) => `  ${id}  tenant ${tenantId}, ${kekArn}`,
  );
  return [
    `The local AWS is ready at ${endpoint}. Ctrl-C ends it.`,
    '',
    ...exports,
    '',
    `Accounts (the access key id is the account; ${options.verifySignatures ? 'the secret is local' : 'any secret will do'}):`,
    `  ${accountId}  the ISV`,
    ...accounts,
    '',
    `Data: ${dataDir}${options.data === undefined ? ' (removed at the end)' : ''}`,
    '',
  ].join('\n');
}

function fail(error: unknown, port?: number): void {
  const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  const message = inUse
    ? `Port ${port} is in use. Choose another with --port, or 0 for any free one.`
    : error instanceof Error
      ? error.message
      : String(error);
  console.error(message);
  process.exit(1);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('Not a whole number.');
  return Number(text);
}
