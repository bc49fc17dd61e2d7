import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createClock, type LocalClock } from '../../../local/front/clock.ts';
import type { InvocationResult, LambdaFunction } from '../../../local/lambda/function.ts';
import { createPool, type SandboxPool } from '../../../local/lambda/pool.ts';
import { startWatchdog } from '../../../local/lambda/watchdog.ts';
import { fixtureFunction } from './fixture-function.ts';

const disposers: (() => Promise<void>)[] = [];
const lines: string[] = [];
let clock: LocalClock;

beforeEach(() => {
  clock = createClock();
});
afterEach(async () => {
  lines.length = 0;
  for (const dispose of disposers.splice(0).toReversed()) await dispose();
});

async function poolOf(
  source: string,
  overrides: Partial<LambdaFunction> = {},
  maximumSandboxes = 1,
): Promise<SandboxPool> {
  const fixture = await fixtureFunction(source, overrides);
  const watchdog = startWatchdog();
  const pool = createPool(fixture.fn, maximumSandboxes, {
    endpoint: 'http://127.0.0.1:4566',
    clock,
    watchdog,
    onLog: ({ line }) => lines.push(line),
  });
  disposers.push(
    () => fixture.remove(),
    () => watchdog.close(),
    () => pool.close(),
  );
  return pool;
}

async function invoke(pool: SandboxPool, event: unknown = {}): Promise<InvocationResult & { body: unknown }> {
  const result = await pool.invoke({ requestId: 'request-1', event: JSON.stringify(event) });
  return { ...result, body: JSON.parse(result.payload) };
}

function processState(pid: number | undefined): string {
  return execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).trim();
}

describe('a sandbox', () => {
  test('loads its bundle once and answers one invocation after another', async () => {
    const pool = await poolOf('let n = 0; exports.handler = async (event) => ({ event, n: ++n });');
    expect((await invoke(pool, { a: 1 })).body).toEqual({ event: { a: 1 }, n: 1 });
    expect((await invoke(pool, { a: 2 })).body).toEqual({ event: { a: 2 }, n: 2 });
    expect(pool.sandboxes()).toHaveLength(1);
  });

  test('has the environment of a Lambda function and nothing of its parent', async () => {
    process.env['PARENT_ONLY'] = 'yes';
    const pool = await poolOf('exports.handler = async () => process.env;', { environment: { MINE: 'x' } });
    const { body } = await invoke(pool);
    expect(body).toMatchObject({
      MINE: 'x',
      AWS_ACCESS_KEY_ID: '000000000000.fixture-role',
      AWS_SESSION_TOKEN: pool.sandboxes()[0]?.info().session,
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
      AWS_LAMBDA_FUNCTION_NAME: 'fixture',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
    });
    expect(body).not.toHaveProperty('PARENT_ONLY');
    expect(body).not.toHaveProperty('HOME');
  });

  test('passes a context with the request id and the time that remains', async () => {
    const pool = await poolOf(
      'exports.handler = async (e, c) => ({ ...c, left: c.getRemainingTimeInMillis() });',
    );
    const { body } = await invoke(pool);
    expect(body).toMatchObject({
      awsRequestId: 'request-1',
      functionName: 'fixture',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:fixture',
    });
    const { left } = z.object({ left: z.number() }).parse(body);
    expect(left).toBeGreaterThan(300_000);
    expect(left).toBeLessThanOrEqual(600_000);
  });

  test('is stopped between invocations, so that its timers stand still', async () => {
    const pool = await poolOf(
      'let longestMs = 0; let lastMs = performance.now(); ' +
        'const tick = () => { longestMs = Math.max(longestMs, performance.now() - lastMs); lastMs = performance.now(); }; ' +
        'setInterval(tick, 5); exports.handler = async () => { tick(); return longestMs; };',
    );
    await invoke(pool);
    const pid = pool.sandboxes()[0]?.info().pid;
    await expect.poll(() => processState(pid)).toBe('T');
    await delay(300);
    expect((await invoke(pool)).body).toBeGreaterThan(290);
  });

  test('has the wall clock of the local AWS, from its start and when that is advanced', async () => {
    const hour = 3_600_000;
    await clock.advance(hour);
    const pool = await poolOf(
      'const atLoad = Date.now(); exports.handler = async (wait) => { ' +
        'if (wait) while (Date.now() < wait) await new Promise((next) => setTimeout(next, 5)); ' +
        'return { atLoad, now: new Date().getTime(), same: new Date(0) instanceof Date && new Date(0).constructor === Date }; };',
    );
    const clockSchema = z.object({ atLoad: z.number(), now: z.number(), same: z.literal(true) });
    const first = clockSchema.parse((await invoke(pool, 0)).body);
    expect(first.atLoad - Date.now()).toBeGreaterThan(hour - 30_000);
    await clock.advance(hour);
    const thawed = clockSchema.parse((await invoke(pool, 0)).body);
    expect(thawed.now - Date.now()).toBeGreaterThan(2 * hour - 30_000);
    const running = invoke(pool, Date.now() + 3 * hour);
    await clock.advance(hour);
    expect((await running).functionError).toBeUndefined();
  });

  test('that runs out of time is killed, and the next invocation gets a new one', async () => {
    const pool = await poolOf(
      'exports.handler = (event) => event.hang ? new Promise(() => {}) : Promise.resolve(process.pid);',
      { timeoutSeconds: 1 },
    );
    const { body: first } = await invoke(pool);
    const failed = await invoke(pool, { hang: true });
    expect(failed.functionError).toBe('Unhandled');
    expect(failed.body).toEqual({
      errorType: 'Sandbox.Timedout',
      errorMessage: 'RequestId: request-1 Error: Task timed out after 1.00 seconds',
    });
    const { body: second } = await invoke(pool);
    expect(second).not.toBe(first);
  });

  test('that is killed in mid-work fails its invocation with Runtime.ExitError and is replaced', async () => {
    const pool = await poolOf(
      'exports.handler = (e) => e.die ? process.kill(process.pid, "SIGKILL") && new Promise(() => {}) : 1;',
    );
    const failed = await invoke(pool, { die: true });
    expect(failed.body).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect((await invoke(pool)).body).toBe(1);
  });

  test('that dies while frozen is replaced without a failure', async () => {
    const pool = await poolOf('exports.handler = async () => process.pid;');
    const { body: first } = await invoke(pool);
    const [sandbox] = pool.sandboxes();
    process.kill(Number(first), 'SIGKILL');
    await sandbox?.exited;
    expect((await invoke(pool)).functionError).toBeUndefined();
  });

  test('whose code calls process.exit fails with Runtime.ExitError and the exit status', async () => {
    const pool = await poolOf('exports.handler = () => process.exit(3);');
    const { body } = await invoke(pool);
    expect(body).toEqual({
      errorType: 'Runtime.ExitError',
      errorMessage: 'RequestId: request-1 Error: Runtime exited with error: exit status 3',
    });
  });

  test('that outgrows its memory dies and is replaced', async () => {
    const pool = await poolOf(
      'exports.handler = (e) => { const kept = []; while (e.grow) kept.push(new Array(1e5).fill({})); return 1; };',
      { memoryMegabytes: 128 },
    );
    expect((await invoke(pool, { grow: true })).body).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect((await invoke(pool)).body).toBe(1);
  });

  test('reports a thrown error by name, message and trace, and stays warm', async () => {
    const pool = await poolOf('exports.handler = async () => { throw new TypeError("no"); };');
    const failed = await invoke(pool);
    expect(failed.functionError).toBe('Unhandled');
    expect(failed.body).toMatchObject({ errorType: 'TypeError', errorMessage: 'no' });
    expect(failed.body).toHaveProperty(['trace', 0], 'TypeError: no');
    expect(pool.sandboxes()).toHaveLength(1);
  });

  test('ends after an unhandled rejection, reported as such', async () => {
    const pool = await poolOf(
      'exports.handler = () => { void Promise.reject(new Error("lost")); return new Promise(() => {}); };',
    );
    const { body } = await invoke(pool);
    expect(body).toMatchObject({ errorType: 'Runtime.UnhandledPromiseRejection' });
    expect(pool.sandboxes()).toHaveLength(0);
  });

  test.each([
    ['a handler that is not exported', 'exports.other = 1;', 'Runtime.HandlerNotFound'],
    ['a callback handler', 'exports.handler = (e, c, cb) => cb();', 'Runtime.CallbackHandlerDeprecated'],
    ['a bundle that throws on load', 'throw new RangeError("at load");', 'RangeError'],
  ])('fails the invocation for %s', async (_, source, errorType) => {
    const pool = await poolOf(source);
    expect((await invoke(pool)).body).toMatchObject({ errorType });
  });

  test('that cannot be started fails its invocation', async () => {
    const pool = await poolOf('exports.handler = () => 1;', { codeFolder: '/nowhere' });
    expect((await invoke(pool)).body).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect(pool.sandboxes()).toEqual([]);
  });

  test('sends every line of output to the log, and reports its own peak memory', async () => {
    const pool = await poolOf(
      'exports.handler = async () => { console.log("to stdout"); console.error("to stderr"); };',
    );
    expect((await invoke(pool)).body).toBeNull();
    await invoke(pool);
    await expect.poll(() => lines).toEqual(expect.arrayContaining(['to stdout', 'to stderr']));
    const peak = pool.sandboxes()[0]?.info().peakResidentBytes ?? 0;
    expect(peak).toBeGreaterThan(20 * 2 ** 20);
    expect(peak).toBeLessThan(200 * 2 ** 20);
  });

  test('runs at most as many invocations at once as its function has sandboxes', async () => {
    const pool = await poolOf('exports.handler = async () => process.pid;', {}, 2);
    const results = await Promise.all([1, 2, 3, 4, 5].map(() => invoke(pool)));
    expect(new Set(results.map(({ body }) => body)).size).toBeLessThanOrEqual(2);
    expect(pool.sandboxes().length).toBeLessThanOrEqual(2);
  });
});
