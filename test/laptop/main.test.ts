import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { GetItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SQSClient,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LOCAL_MAIN, type LocalProcessOptions, startLocalProcess } from '../../laptop/local-process.ts';
import { clientConfig, control } from '../support/services.ts';

const LONG_POLL_SECONDS = 20;

/** Files and folders below `folder` that other users may read, write or enter. */
async function openToOthers(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true });
  const modes = await Promise.all(entries.map(async (name) => (await stat(join(folder, name))).mode));
  return entries.filter((_name, index) => ((modes[index] ?? 0) & 0o077) !== 0);
}

describe('npm run local', () => {
  let temporary: string;
  const started: (() => unknown)[] = [];

  beforeEach(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'local-'));
  });
  afterEach(async () => {
    for (const kill of started.splice(0)) kill();
    await rm(temporary, { recursive: true, force: true });
  });

  /** With a temporary folder of its own, so that what is left behind shows. */
  const start = async (options: LocalProcessOptions) => {
    const local = await startLocalProcess({ ...options, environment: { TMPDIR: temporary } });
    started.push(async () => await local.close('SIGKILL'));
    return local;
  };

  test('says as one line of JSON how to reach it, and serves there', async () => {
    const { endpoint, environment, close } = await start({ functions: false });
    expect(environment).toEqual({
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: '000000000000',
      AWS_SECRET_ACCESS_KEY: 'local',
    });
    const health = await (await fetch(`${endpoint}/health`)).json();
    expect(health).toEqual({
      services: { s3: 'running', kms: 'running', sqs: 'running', dynamodb: 'running', events: 'running' },
    });
    expect(await close()).toBe(0);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends on %s and leaves nothing behind',
    async (signal) => {
      const { close } = await start({ functions: false });
      expect(await readdir(temporary)).toHaveLength(1);
      expect(await close(signal)).toBe(0);
      expect(await readdir(temporary)).toEqual([]);
    },
  );

  test('does not wait for a long poll to end', async () => {
    const { endpoint, close } = await start({ functions: false });
    const sqs = new SQSClient(clientConfig({ endpoint }));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'polled' }));
    const polling = sqs
      .send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: LONG_POLL_SECONDS }))
      .catch(() => 'cut off');
    const startedMs = Date.now();
    expect(await close()).toBe(0);
    await polling;
    expect(Date.now() - startedMs).toBeLessThan(LONG_POLL_SECONDS * 1000);
  });

  test('refuses a port that is taken, in one clear line', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    const child = spawn(process.execPath, [LOCAL_MAIN, '--port', port, '--no-functions']);
    const [stderr] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect(child.exitCode).toBe(1);
    expect(stderr).toBe(`Port ${port} is in use. Choose another with --port, or 0 for any free one.\n`);
    taken.close();
  });

  test('ends when its parent is killed', async () => {
    const parentProgram = `
      const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, [${JSON.stringify(LOCAL_MAIN)}, '--port', '0', '--json', '--no-functions'],
        { stdio: ['ignore', 'inherit', 'inherit'] });
      process.stderr.write(child.pid + '\\n');
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['-e', parentProgram], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: temporary },
    });
    started.push(() => parent.kill('SIGKILL'));
    await once(parent.stdout, 'data');
    parent.kill('SIGKILL');
    // Its end of the pipe closes with the last process that holds it: the local AWS.
    await once(parent.stdout, 'close');
    expect(await readdir(temporary)).toEqual([]);
  });

  test('ends when the channel to its parent closes', async () => {
    const child = fork(LOCAL_MAIN, ['--port', '0', '--json', '--no-functions'], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      env: { ...process.env, TMPDIR: temporary },
    });
    started.push(() => child.kill('SIGKILL'));
    if (child.stdout !== null) await once(child.stdout, 'data');
    const exited = once(child, 'exit');
    child.disconnect();
    await exited;
    expect(child.exitCode).toBe(0);
    expect(await readdir(temporary)).toEqual([]);
  });

  test('keeps its data in the folder it is given', async () => {
    const data = { functions: false, dataDir: join(temporary, 'data') };
    const first = await start(data);
    const before = clientConfig(first);
    const s3 = new S3Client({ ...before, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: 'kept' }));
    await s3.send(new PutObjectCommand({ Bucket: 'kept', Key: 'a b', Body: 'bytes' }));
    const sqs = new SQSClient(before);
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'kept' }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'message' }));
    await first.close();
    expect(await openToOthers(temporary)).toEqual([]);
    const second = await start(data);
    const after = clientConfig(second);
    const again = new S3Client({ ...after, forcePathStyle: true });
    const { Body } = await again.send(new GetObjectCommand({ Bucket: 'kept', Key: 'a b' }));
    expect(await Body?.transformToString()).toBe('bytes');
    const { Messages } = await new SQSClient(after).send(new ReceiveMessageCommand({ QueueUrl }));
    expect(Messages).toMatchObject([{ Body: 'message' }]);
    await second.close();
  });

  test('deploys the stack, seeds three tenants, and finds both again in its data', async () => {
    const data = { dataDir: join(temporary, 'data'), sandboxes: 1 };
    const first = await start(data);
    expect(first.tenants.map(({ tenantId }) => tenantId)).toEqual(['acme', 'globex', 'initech']);
    const health = await (await fetch(`${first.endpoint}/health`)).json();
    expect(health).toMatchObject({ services: { lambda: 'running' } });
    expect(await first.close()).toBe(0);
    const second = await start(data);
    expect(second.tenants).toEqual(first.tenants);
    const dynamodb = new DynamoDBClient(clientConfig(second));
    const get = new GetItemCommand({
      TableName: 'sealstream-local-state',
      Key: { pk: { S: '?' }, sk: { S: '?' } },
    });
    expect((await dynamodb.send(get)).Item).toBeUndefined();
    expect(await control(second, 'GET', 'decisions')).toContainEqual(
      expect.objectContaining({ action: 'dynamodb:GetItem', allowed: true }),
    );
    expect(await second.close()).toBe(0);
  });
});
