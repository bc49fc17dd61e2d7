import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateEventBusCommand,
  DeleteRuleCommand,
  DescribeEventBusCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EventBridgeClient,
  ListEventBusesCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemovePermissionCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientConfig, control, ISV, type Services, startServices } from '../../support/services.ts';

const TENANT = '111111111111';
const eventSchema = z.looseObject({ id: z.string(), account: z.string(), detail: z.looseObject({}) });

describe('event buses', () => {
  let services: Services;
  let isv: EventBridgeClient;
  let tenant: EventBridgeClient;
  let sqs: SQSClient;

  beforeAll(async () => {
    services = await startServices();
    isv = new EventBridgeClient(clientConfig(services));
    tenant = new EventBridgeClient(clientConfig(services, TENANT));
    sqs = new SQSClient(clientConfig(services));
  });
  afterAll(async () => services.close());

  /** Makes a bus with a rule that sends everything from `acme` to a queue. */
  const busWithQueue = async () => {
    const name = randomUUID();
    const { EventBusArn = '' } = await isv.send(new CreateEventBusCommand({ Name: name }));
    const Attributes = { Policy: queuePolicy(name) };
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
    const EventPattern = JSON.stringify({ source: ['acme', 'aws.kms'] });
    await isv.send(new PutRuleCommand({ Name: 'all', EventBusName: name, EventPattern }));
    const Targets = [{ Id: 'queue', Arn: `arn:aws:sqs:us-east-1:${ISV}:${name}` }];
    await isv.send(new PutTargetsCommand({ Rule: 'all', EventBusName: name, Targets }));
    return { name, arn: EventBusArn, url: QueueUrl };
  };
  const receive = async (QueueUrl: string) => {
    const command = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 });
    const { Messages = [] } = await sqs.send(command);
    return Messages.map(({ Body = '' }) => eventSchema.parse(JSON.parse(Body)));
  };

  const deliver = async (mode: string) => control(services, 'POST', 'events/delivery', { mode });

  test('hand an event to the targets of the rules that match it, in the shape AWS gives it', async () => {
    const bus = await busWithQueue();
    const { Entries, FailedEntryCount } = await put(isv, bus.name);
    expect(FailedEntryCount).toBe(0);
    await put(isv, bus.name, 'somebody-else');
    const events = await receive(bus.url);
    expect(events).toEqual([
      {
        version: '0',
        id: Entries?.[0]?.EventId,
        'detail-type': 'Test',
        source: 'acme',
        account: ISV,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        region: 'us-east-1',
        resources: ['r'],
        detail: { n: 1 },
      },
    ]);
  });

  test('refuse events in the name of AWS, without detail, or with a broken one, entry by entry', async () => {
    const entry = { Source: 'acme', DetailType: 'Test', Detail: '{}' };
    const { Entries, FailedEntryCount } = await isv.send(
      new PutEventsCommand({
        Entries: [
          entry,
          { ...entry, Source: 'aws.kms' },
          { ...entry, Detail: '[1]' },
          { ...entry, Detail: undefined },
        ],
      }),
    );
    expect(FailedEntryCount).toBe(3);
    expect(Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([
      undefined,
      'NotAuthorizedForSourceException',
      'MalformedDetail',
      'InvalidArgument',
    ]);
  });

  test('refuse more than 256 KiB in one call', async () => {
    const big = JSON.stringify({ filler: 'x'.repeat(256 * 1024) });
    await expect(put(isv, 'default', 'acme', big)).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('carry an AWS event from the account of its key to another account, as it came', async () => {
    const bus = await busWithQueue();
    const Principal = { AWS: `arn:aws:iam::${TENANT}:root` };
    const statement = { Effect: 'Allow', Principal, Action: 'events:PutEvents', Resource: bus.arn };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    const EventPattern = JSON.stringify({ source: ['aws.kms'], detail: { eventName: ['DisableKey'] } });
    await tenant.send(new PutRuleCommand({ Name: 'forward', EventPattern }));
    await tenant.send(new PutTargetsCommand({ Rule: 'forward', Targets: [{ Id: 'isv', Arn: bus.arn }] }));
    const event = {
      source: 'aws.kms',
      'detail-type': 'AWS API Call via CloudTrail',
      account: TENANT,
      region: 'us-east-1',
      time: '2026-01-01T00:00:00Z',
      resources: [],
      detail: { eventName: 'DisableKey' },
    };
    await services.events.publish(event);
    expect(services.undelivered).toContain(bus.arn);
    expect(await receive(bus.url)).toEqual([]);
    await isv.send(new PutPermissionCommand({ EventBusName: bus.name, Policy }));
    await services.events.publish(event);
    expect(await receive(bus.url)).toMatchObject([{ ...event, version: '0' }]);
  });

  test('cross to another account only where the role of the target may, and the bus takes such events', async () => {
    const bus = await busWithQueue();
    const RoleArn = `arn:aws:iam::${TENANT}:role/${bus.name}`;
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Principal: '*',
        Action: 'events:PutEvents',
        Resource: bus.arn,
        Condition: {
          'ForAllValues:StringEquals': { 'events:source': 'aws.kms' },
          Null: { 'events:source': 'false' },
        },
      },
    });
    await isv.send(new PutPermissionCommand({ EventBusName: bus.name, Policy }));
    const EventPattern = JSON.stringify({ source: ['aws.kms', 'acme'], 'detail-type': [bus.name] });
    await tenant.send(new PutRuleCommand({ Name: bus.name, EventPattern }));
    const Targets = [{ Id: 'isv', Arn: bus.arn, RoleArn }];
    await tenant.send(new PutTargetsCommand({ Rule: bus.name, Targets }));
    const publish = async (source: string) =>
      services.events.publish({
        source,
        'detail-type': bus.name,
        account: TENANT,
        region: 'us-east-1',
        time: '2026-01-01T00:00:00Z',
        resources: [],
        detail: {},
      });
    await publish('aws.kms');
    expect(await receive(bus.url)).toEqual([]);
    const Statement = { Effect: 'Allow', Action: 'events:PutEvents', Resource: bus.arn } as const;
    services.roles.put(RoleArn, [{ Version: '2012-10-17', Statement }]);
    await publish('acme');
    await publish('aws.kms');
    expect(await receive(bus.url)).toMatchObject([{ source: 'aws.kms', account: TENANT }]);
    await expect(put(tenant, bus.arn)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    const { Entries } = await put(tenant, bus.arn, 'aws.kms');
    expect(Entries).toMatchObject([{ ErrorCode: 'NotAuthorizedForSourceException' }]);
  });

  test('reach a queue only where its policy lets the rule send', async () => {
    const { name, url } = await busWithQueue();
    const Attributes = { Policy: queuePolicy(name, 'rule/another/all') };
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes }));
    await put(isv, name);
    expect(await receive(url)).toEqual([]);
    expect(services.undelivered).toContain(`arn:aws:sqs:us-east-1:${ISV}:${name}`);
  });

  test('do not pass on an event that already came from another bus', async () => {
    const last = await busWithQueue();
    const middle = await busWithQueue();
    const first = await busWithQueue();
    for (const [from, to] of [
      [first, middle],
      [middle, last],
    ] as const) {
      const Targets = [{ Id: 'next', Arn: to.arn }];
      await isv.send(new PutTargetsCommand({ Rule: 'all', EventBusName: from.name, Targets }));
    }
    await put(isv, first.name);
    expect(await receive(middle.url)).toHaveLength(1);
    expect(await receive(last.url)).toHaveLength(0);
  });

  test('take events from another account only with permission, and no more once it is removed', async () => {
    const bus = await busWithQueue();
    await expect(put(tenant, bus.arn)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    const permission = { EventBusName: bus.name, StatementId: 'tenant' };
    await isv.send(
      new PutPermissionCommand({ ...permission, Action: 'events:PutEvents', Principal: TENANT }),
    );
    await put(tenant, bus.arn);
    expect(await receive(bus.url)).toMatchObject([{ account: TENANT }]);
    await isv.send(new RemovePermissionCommand(permission));
    await expect(put(tenant, bus.arn)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(isv.send(new RemovePermissionCommand(permission))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  test('keep rules and targets that can be described, listed, disabled and removed', async () => {
    const { name, url } = await busWithQueue();
    const on = { EventBusName: name };
    const rule = await isv.send(new DescribeRuleCommand({ Name: 'all', ...on }));
    expect(rule).toMatchObject({ Arn: `arn:aws:events:us-east-1:${ISV}:rule/${name}/all`, State: 'ENABLED' });
    expect((await isv.send(new ListRulesCommand(on))).Rules).toHaveLength(1);
    await isv.send(new DisableRuleCommand({ Name: 'all', ...on }));
    await put(isv, name);
    expect(await receive(url)).toHaveLength(0);
    await expect(isv.send(new DeleteRuleCommand({ Name: 'all', ...on }))).rejects.toMatchObject({
      name: 'ValidationException',
    });
    await isv.send(new RemoveTargetsCommand({ Rule: 'all', Ids: ['queue'], ...on }));
    expect((await isv.send(new ListTargetsByRuleCommand({ Rule: 'all', ...on }))).Targets).toEqual([]);
    await isv.send(new DeleteRuleCommand({ Name: 'all', ...on }));
    await expect(isv.send(new DescribeRuleCommand({ Name: 'all', ...on }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  test('refuse invalid patterns, schedules and input transformers', async () => {
    const rule = { Name: 'odd', EventPattern: '{"source":"x"}' };
    await expect(isv.send(new PutRuleCommand(rule))).rejects.toMatchObject({
      name: 'InvalidEventPatternException',
    });
    await expect(
      isv.send(new PutRuleCommand({ Name: 'odd', ScheduleExpression: 'rate(1 minute)' })),
    ).rejects.toMatchObject({ name: 'NotImplemented' });
    const { name } = await busWithQueue();
    const Targets = [{ Id: 'x', Arn: `arn:aws:sqs:us-east-1:${ISV}:x`, Input: '{}' }];
    await expect(
      isv.send(new PutTargetsCommand({ Rule: 'all', EventBusName: name, Targets })),
    ).rejects.toMatchObject({ name: 'NotImplemented', $metadata: { httpStatusCode: 501 } });
  });

  test('send an event its target does not take to the dead letter queue', async () => {
    const { name, url } = await busWithQueue();
    const arn = `arn:aws:sqs:us-east-1:${ISV}`;
    const Targets = [{ Id: 'queue', Arn: `${arn}:gone`, DeadLetterConfig: { Arn: `${arn}:${name}` } }];
    await isv.send(new PutTargetsCommand({ Rule: 'all', EventBusName: name, Targets }));
    await put(isv, name);
    expect(await receive(url)).toHaveLength(1);
  });

  test('lose, double and reorder events when a drill asks for it', async () => {
    const { name, url } = await busWithQueue();
    await deliver('lose');
    await put(isv, name, 'acme', '{"n":1}');
    await deliver('double');
    await put(isv, name, 'acme', '{"n":2}');
    await deliver('reorder');
    await put(isv, name, 'acme', '{"n":3}');
    await put(isv, name, 'acme', '{"n":4}');
    await deliver('normal');
    const events = await receive(url);
    expect(events.map(({ detail }) => detail['n'])).toEqual([2, 2, 4, 3]);
    expect(events[0]?.id).toBe(events[1]?.id);
  });

  test('survive a restart with their rules and policies', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'events-'));
    const before = await startServices(dataDir);
    const first = new EventBridgeClient(clientConfig(before));
    await first.send(new CreateEventBusCommand({ Name: 'kept' }));
    const permission = { StatementId: 's', Action: 'events:PutEvents', Principal: TENANT };
    await first.send(new PutPermissionCommand({ EventBusName: 'kept', ...permission }));
    await before.close();
    const after = await startServices(dataDir);
    const second = new EventBridgeClient(clientConfig(after));
    const { EventBuses = [] } = await second.send(new ListEventBusesCommand({}));
    expect(EventBuses.map(({ Name }) => Name)).toEqual(['default', 'kept']);
    const { Policy } = await second.send(new DescribeEventBusCommand({ Name: 'kept' }));
    expect(Policy).toContain(TENANT);
    await after.close();
    await rm(dataDir, { recursive: true });
  });
});

/** Returns a policy that lets the bus's rule `all`, or another, send to the queue of the same name. */
function queuePolicy(name: string, rule = `rule/${name}/all`): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: `arn:aws:sqs:us-east-1:${ISV}:${name}`,
      Condition: { ArnEquals: { 'aws:SourceArn': `arn:aws:events:us-east-1:${ISV}:${rule}` } },
    },
  });
}

async function put(client: EventBridgeClient, EventBusName: string, Source = 'acme', Detail = '{"n":1}') {
  return client.send(
    new PutEventsCommand({
      Entries: [{ EventBusName, Source, DetailType: 'Test', Detail, Resources: ['r'] }],
    }),
  );
}
