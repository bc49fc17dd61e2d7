/**
 * The program inside a sandbox. It loads the handler once, then runs it for one message after another, as Lambda's
 * Node runtime does. It imports almost nothing of the local AWS, so that a sandbox holds little besides the bundle.
 *
 * Argument: milliseconds by which the sandbox's wall clock is ahead of real time.
 */
import { existsSync, readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type CompiledScript, runCompiled } from './compiled-script.ts';
import type { ClockMessage, ErrorDocument, InvokeMessage, RuntimeMessage } from './runtime-message.ts';
import { installClock, realNow, setClockOffset } from './sandbox-clock.ts';

type Handler = (event: unknown, context: object) => unknown;

class RuntimeError extends Error {
  constructor(errorType: string, message: string) {
    super(message);
    this.name = errorType;
  }
}

/**
 * The invocations after which compiled code is kept. Half of a handler's code is compiled at its first call, and
 * rarely used code only later.
 */
const KEEP_AFTER: ReadonlySet<number> = new Set([1, 8]);
let fresh: CompiledScript | undefined;
let invocations = 0;

await main();

async function main(): Promise<void> {
  // The sandboxes end with a parent that ends normally. A frozen sandbox cannot notice that (see watchdog.ts).
  process.once('disconnect', () => process.exit());
  process.on('uncaughtException', (error) => sendFatal(error));
  process.on('unhandledRejection', (reason) => sendFatal(unhandledRejection(reason)));
  setClockOffset(Number(process.argv[2]));
  installClock();
  // Node has read it already, and the function must not see it.
  delete process.env['NODE_COMPILE_CACHE'];
  const loading = loadHandler(environment('LAMBDA_TASK_ROOT'), environment('_HANDLER'));
  process.on('message', (message: InvokeMessage | ClockMessage) => {
    if ('clockOffsetMs' in message) setClockOffset(message.clockOffsetMs);
    else void answer(loading, message);
  });
  try {
    await loading;
    send({ kind: 'ready' });
  } catch (error) {
    sendFatal(error);
  }
}

/**
 * Keeps the code that V8 has compiled for the next sandbox. A sandbox ends by SIGKILL and would leave nothing. This runs
 * after an invocation, because half of a handler's code is compiled at its first call.
 */
function keepCompiled(): void {
  invocations += 1;
  if (invocations === 1) flushCompileCache();
  if (KEEP_AFTER.has(invocations)) fresh?.keep();
}

async function answer(loading: Promise<Handler>, message: InvokeMessage): Promise<void> {
  const answered = await run(await loading, message);
  // This precedes the answer, after which this process is stopped.
  keepCompiled();
  send(answered);
}

async function run(handler: Handler, message: InvokeMessage): Promise<RuntimeMessage> {
  try {
    const result = await handler(JSON.parse(message.event), contextOf(message));
    return { kind: 'response', payload: serialise(result), peakResidentBytes: peakResidentBytes() };
  } catch (error) {
    logError('Invoke Error', message.requestId, error);
    return { kind: 'error', error: documentOf(error), fatal: false, peakResidentBytes: peakResidentBytes() };
  }
}

async function loadHandler(taskRoot: string, name: string): Promise<Handler> {
  const { base, dir } = path.parse(name);
  const [moduleName = '', ...exportPath] = base.split('.');
  const exported = exportPath.reduce<unknown>(
    (value, key) => (isRecord(value) ? value[key] : undefined),
    await loadModule(path.join(taskRoot, dir, moduleName)),
  );
  if (!isHandler(exported))
    throw new RuntimeError('Runtime.HandlerNotFound', `${name} is undefined or not exported`);
  // Lambda dropped callback handlers with nodejs24.x. Running one here would hide a deployment that fails.
  if (exported.length >= 3)
    throw new RuntimeError('Runtime.CallbackHandlerDeprecated', `${name} takes a callback; use async/await`);
  return exported;
}

async function loadModule(file: string): Promise<unknown> {
  const extension = ['.js', '.mjs', '.cjs'].find((candidate) => existsSync(file + candidate));
  if (extension === undefined)
    throw new RuntimeError('Runtime.ImportModuleError', `Error: Cannot find module '${path.basename(file)}'`);
  return extension === '.mjs'
    ? await import(pathToFileURL(file + extension).href)
    : loadScript(file + extension);
}

function loadScript(file: string): unknown {
  const script = runCompiled(file);
  if (script.isFresh) fresh = script;
  return script.exports;
}

function contextOf(message: InvokeMessage): object {
  return {
    functionVersion: environment('AWS_LAMBDA_FUNCTION_VERSION'),
    functionName: environment('AWS_LAMBDA_FUNCTION_NAME'),
    memoryLimitInMB: environment('AWS_LAMBDA_FUNCTION_MEMORY_SIZE'),
    logGroupName: environment('AWS_LAMBDA_LOG_GROUP_NAME'),
    logStreamName: environment('AWS_LAMBDA_LOG_STREAM_NAME'),
    invokedFunctionArn: message.invokedFunctionArn,
    awsRequestId: message.requestId,
    getRemainingTimeInMillis: () => Math.max(0, message.deadlineMs - realNow()),
  };
}

function serialise(result: unknown): string {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? 'null';
  } catch {
    throw new Error('Unable to stringify response body');
  }
}

function documentOf(error: unknown): ErrorDocument {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}

function unhandledRejection(reason: unknown): Error {
  const message = reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);
  const error = new RuntimeError('Runtime.UnhandledPromiseRejection', message);
  if (reason instanceof Error) error.stack = reason.stack;
  return error;
}

function sendFatal(error: unknown): void {
  logError('Uncaught Exception', '', error);
  send({ kind: 'error', error: documentOf(error), fatal: true, peakResidentBytes: peakResidentBytes() });
}

function logError(title: string, requestId: string, error: unknown): void {
  const { errorType, errorMessage, trace } = documentOf(error);
  const line = JSON.stringify({ errorType, errorMessage, ...(isRecord(error) ? error : {}), stack: trace });
  process.stderr.write(`${new Date().toISOString()}\t${requestId}\tERROR\t${title} \t${line}\n`);
}

function send(message: RuntimeMessage): void {
  process.send?.(message);
}

/**
 * Returns the peak resident memory. On Linux it does not use ru_maxrss: that figure survives exec, so a small
 * sandbox forked from a large parent would report its parent's memory.
 */
function peakResidentBytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}

function environment(name: string): string {
  return process.env[name] ?? '';
}

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
