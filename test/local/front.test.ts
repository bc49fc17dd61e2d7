import { randomUUID } from 'node:crypto';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import {
  AddPermissionCommand,
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  SQSClient,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { AwsError, type HttpService } from '../../local/front/service.ts';
import { clientConfig, control, ISV, type Services, startServices } from '../support/services.ts';

/** Makes a service that counts the requests that took effect. */
function countingService(): HttpService & { effects: number } {
  return {
    effects: 0,
    operation: () => 'PutThing',
    async handle(_request, response, url) {
      if (url.pathname === '/refused') throw new AwsError('Refused', 409, 'no');
      if (url.pathname === '/crash') throw new TypeError('a bug');
      this.effects += 1;
      response.end('done');
    },
    errorBody: (error) => ({ contentType: 'application/xml', body: `<Code>${error.code}</Code>` }),
  };
}

describe('the front', () => {
  let services: Services;
  let sqs: SQSClient;
  const things = countingService();

  beforeAll(async () => {
    services = await startServices();
    services.front.mountHttp('s3', things);
    sqs = new SQSClient(clientConfig(services));
  });
  afterEach(async () => control(services, 'DELETE', 'faults'));
  afterAll(async () => services.close());

  const things3 = async (path: string, key = ISV) =>
    fetch(`${services.endpoint}${path}`, {
      method: 'PUT',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=${key}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0`,
      },
    });

  const fault = async (input: object) => control(services, 'POST', 'faults', input);
  const queue = async () =>
    (await sqs.send(new CreateQueueCommand({ QueueName: randomUUID() }))).QueueUrl ?? '';
  const send = async (QueueUrl: string, client: SQSClient = sqs) =>
    client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
  const count = async (QueueUrl: string) =>
    (
      await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
      )
    ).Attributes?.['ApproximateNumberOfMessages'];

  test('tells which services it has, unsigned', async () => {
    const health = await (await fetch(`${services.endpoint}/health`)).json();
    expect(health).toMatchObject({ services: { sqs: 'running', dynamodb: 'running', events: 'running' } });
  });

  test('refuses an access key id that names nobody, each service in its own words', async () => {
    const config = clientConfig(services, 'AKIAIOSFODNN7EXAMPLE');
    await expect(new DynamoDBClient(config).send(new ListTablesCommand({}))).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
    await expect(new SQSClient(config).send(new ListQueuesCommand({}))).rejects.toMatchObject({
      name: 'InvalidClientTokenId',
      $metadata: { httpStatusCode: 403 },
    });
    expect((await things3('/thing', 'AKIAIOSFODNN7EXAMPLE')).status).toBe(403);
  });

  test('refuses unsigned requests', async () => {
    const target = { 'x-amz-target': 'DynamoDB_20120810.ListTables' };
    const json = await fetch(services.endpoint, { method: 'POST', headers: target, body: '{}' });
    expect(json.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException');
    const plain = await fetch(`${services.endpoint}/bucket/key`);
    expect([plain.status, await plain.text()]).toEqual([403, '<Code>AccessDenied</Code>']);
  });

  test('reads the credential of a presigned URL', async () => {
    const credential = encodeURIComponent(`${ISV}/20260101/us-east-1/s3/aws4_request`);
    const response = await fetch(`${services.endpoint}/thing?X-Amz-Credential=${credential}`);
    expect(await response.text()).toBe('done');
  });

  test('answers NotImplemented for services and operations it does not have', async () => {
    const scope = `${ISV}/20260101/us-east-1/sns/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`;
    const sns = await fetch(services.endpoint, { method: 'POST', headers: { authorization } });
    expect([sns.status, await sns.json()]).toMatchObject([501, { __type: 'NotImplemented' }]);
    const missing = { name: 'NotImplemented', $metadata: { httpStatusCode: 501 } };
    const permit = { QueueUrl: 'x', Label: 'l', AWSAccountIds: [ISV], Actions: ['SendMessage'] };
    await expect(sqs.send(new AddPermissionCommand(permit))).rejects.toMatchObject(missing);
  });

  test('turns a crash of a handler into a 500, and lives on', async () => {
    const response = await things3('/crash');
    expect([response.status, await response.text()]).toEqual([500, '<Code>InternalError</Code>']);
    expect(services.crashes.pop()).toBeInstanceOf(TypeError);
    expect((await things3('/refused')).status).toBe(409);
    expect((await things3('/thing')).status).toBe(200);
  });

  test('refuses what is no fault and unknown control endpoints', async () => {
    await expect(control(services, 'POST', 'faults', { service: 's3' })).rejects.toThrow('400');
    await expect(control(services, 'GET', 'nothing')).rejects.toThrow('404');
  });

  describe('with faults', () => {
    test('answers an error before anything happened, as often as asked', async () => {
      const url = await queue();
      const effect = { error: { code: 'ThrottlingException', status: 400 } };
      await fault({ service: 'sqs', operation: 'SendMessage', when: 'before', effect, count: 1 });
      await expect(send(url)).rejects.toMatchObject({ name: 'ThrottlingException' });
      expect(await count(url)).toBe('0');
      await send(url);
      expect(await control(services, 'GET', 'faults')).toMatchObject([{ strikes: 1 }]);
    });

    test('answers an error after the operation took effect', async () => {
      const url = await queue();
      const effect = { error: { code: 'InternalFailure', status: 500 } };
      await fault({ service: 'sqs', when: 'after', operation: 'SendMessage', effect, count: 1 });
      await expect(send(url)).rejects.toMatchObject({ name: 'InternalFailure' });
      expect(await count(url)).toBe('1');
    });

    test('lets a client retry through, which then has done it twice', async () => {
      const url = await queue();
      await fault({
        service: 'sqs',
        when: 'after',
        operation: 'SendMessage',
        effect: { drop: true },
        count: 1,
      });
      const retrying = new SQSClient({ ...clientConfig(services), maxAttempts: 2 });
      await send(url, retrying);
      expect(await count(url)).toBe('2');
    });

    test('strikes only the role, the operation and the text it names', async () => {
      const [url, other] = [await queue(), await queue()];
      services.roles.put(`arn:aws:iam::${ISV}:role/victim`, [
        { Statement: { Effect: 'Allow', Action: 'sqs:*', Resource: '*' } },
      ]);
      const victim = new SQSClient(clientConfig(services, `${ISV}.victim`));
      const effect = { error: { code: 'InternalFailure', status: 500 } };
      await fault({ service: 'sqs', role: 'victim', match: url.split('/').at(-1), when: 'before', effect });
      await expect(send(url, victim)).rejects.toMatchObject({ name: 'InternalFailure' });
      await send(other, victim);
      await send(url);
    });

    test('ends by the clock', async () => {
      const url = await queue();
      const effect = { error: { code: 'InternalFailure', status: 500 } };
      await fault({ service: 'sqs', operation: 'SendMessage', when: 'before', effect, forMs: 60_000 });
      await expect(send(url)).rejects.toMatchObject({ name: 'InternalFailure' });
      await control(services, 'POST', 'clock', { advanceMs: 60_000 });
      await send(url);
    });

    test('kills the sandbox that called, after the operation took effect', async () => {
      const url = await queue();
      services.roles.put(`arn:aws:iam::${ISV}:role/sandbox`, [
        { Statement: { Effect: 'Allow', Action: 'sqs:*', Resource: '*' } },
      ]);
      const sandbox = new SQSClient(clientConfig(services, `${ISV}.sandbox`, 'session-1'));
      await fault({
        service: 'sqs',
        operation: 'SendMessage',
        when: 'after',
        effect: { kill: true },
        count: 1,
      });
      await expect(send(url, sandbox)).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(services.killed).toEqual(['session-1']);
      expect(await count(url)).toBe('1');
    });

    test('lets an HTTP service finish before it hides the answer', async () => {
      const before = things.effects;
      const effect = { error: { code: 'SlowDown', status: 503 } };
      await fault({
        service: 's3',
        operation: 'PutThing',
        match: '/hidden',
        when: 'after',
        effect,
        count: 1,
      });
      const response = await things3('/hidden');
      expect([response.status, await response.text()]).toEqual([503, '<Code>SlowDown</Code>']);
      await fault({ service: 's3', match: '/hidden', when: 'after', effect: { drop: true }, count: 1 });
      await expect(things3('/hidden')).rejects.toThrow('fetch failed');
      expect(things.effects).toBe(before + 2);
    });

    test('delays an answer', async () => {
      const url = await queue();
      const effect = { latencyMs: 200 };
      await fault({ service: 'sqs', operation: 'SendMessage', when: 'before', effect, count: 1 });
      const startedMs = performance.now();
      await send(url);
      expect(performance.now() - startedMs).toBeGreaterThan(190);
    });

    test('gives an answer at once when the faults are cleared', async () => {
      const url = await queue();
      const effect = { latencyMs: 3_600_000 };
      await fault({ service: 'sqs', operation: 'SendMessage', when: 'before', effect });
      const sending = send(url);
      await expect.poll(async () => control(services, 'GET', 'faults')).toMatchObject([{ strikes: 1 }]);
      await control(services, 'DELETE', 'faults');
      await sending;
    });
  });
});
