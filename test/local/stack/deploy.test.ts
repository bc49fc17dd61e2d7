import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Deployment, deployPackage } from '../../../local/stack/deploy.ts';
import { parseTemplate } from '../../../local/stack/template/template.ts';
import { fixtureFunction } from '../lambda/fixture-function.ts';
import { type LocalServices, startLocalServices } from './local-services.ts';

const accountId = '000000000000';
const region = 'us-east-1';

const role = {
  Type: 'AWS::IAM::Role',
  Properties: {
    RoleName: 'worker',
    AssumeRolePolicyDocument: { Statement: [] },
    ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'],
    Policies: [
      {
        PolicyName: 'queue',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
              Resource: { 'Fn::GetAtt': ['Queue', 'Arn'] },
            },
          ],
        },
      },
    ],
  },
};

const worker = {
  Type: 'AWS::Lambda::Function',
  Properties: {
    FunctionName: 'worker',
    Handler: 'index.handler',
    Runtime: 'nodejs24.x',
    Timeout: 5,
    Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
    Environment: { Variables: { QUEUE_URL: { Ref: 'Queue' } } },
  },
};

const resources = {
  Mapping: {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      EventSourceArn: { 'Fn::GetAtt': ['Queue', 'Arn'] },
      FunctionName: { 'Fn::GetAtt': ['Worker', 'Arn'] },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    },
  },
  Worker: worker,
  Role: role,
  Queue: {
    Type: 'AWS::SQS::Queue',
    Properties: {
      QueueName: 'work',
      VisibilityTimeout: '30',
      RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 2 },
    },
  },
  Dead: { Type: 'AWS::SQS::Queue' },
  Table: {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      TableName: 'state',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    },
  },
  Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'tenants' } },
  Rule: {
    Type: 'AWS::Events::Rule',
    Properties: {
      EventBusName: { Ref: 'Bus' },
      EventPattern: { source: ['fixture'] },
      Targets: [{ Id: 'worker', Arn: { 'Fn::GetAtt': ['Worker', 'Arn'] } }],
    },
  },
  Permission: {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: { 'Fn::GetAtt': ['Worker', 'Arn'] },
      Principal: 'events.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': ['Rule', 'Arn'] },
    },
  },
  Logs: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/aws/lambda/worker' } },
};

let services: LocalServices;
let lines: string[];
const disposers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  lines = [];
  services = await startLocalServices();
});
afterEach(async () => {
  for (const dispose of disposers.splice(0).toReversed()) await dispose();
  await services.close();
});

async function deploy(template: Record<string, object>): Promise<Deployment> {
  const { fn, ...fixture } = await fixtureFunction(
    'exports.handler = async (event) => { console.log(JSON.stringify(event)); return process.env.QUEUE_URL; };',
  );
  disposers.push(() => fixture.remove());
  const stack = { stackName: 'fixture', template: parseTemplate(template), codeFolder: fn.codeFolder };
  const deployment = await deployPackage(stack, {
    clock: services.clock,
    endpoint: services.endpoint,
    accountId,
    region,
    roles: services.roles,
    sandboxesPerFunction: 1,
    onLog: ({ line }) => void lines.push(line),
  });
  disposers.push(() => deployment.close());
  services.serve(deployment);
  return deployment;
}

function clientOptions(): {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
} {
  const credentials = { accessKeyId: accountId, secretAccessKey: 'local' };
  return { endpoint: services.endpoint, region, credentials };
}

test('a deployed stack answers by its outputs, is invoked, and is fed by its queue and its event bus', async () => {
  const { outputs } = await deploy({
    Resources: resources,
    Outputs: { QueueUrl: { Value: { Ref: 'Queue' } }, RoleArn: { Value: { 'Fn::GetAtt': 'Role.Arn' } } },
  });
  expect(outputs).toEqual({
    QueueUrl: `${services.endpoint}/000000000000/work`,
    RoleArn: 'arn:aws:iam::000000000000:role/worker',
  });
  const lambda = new LambdaClient(clientOptions());
  const { Payload } = await lambda.send(new InvokeCommand({ FunctionName: 'worker' }));
  expect(JSON.parse(Payload?.transformToString() ?? '')).toBe(outputs['QueueUrl']);

  const sqs = new SQSClient(clientOptions());
  await sqs.send(new SendMessageCommand({ QueueUrl: outputs['QueueUrl'], MessageBody: 'by queue' }));
  await expect.poll(() => lines.join('\n')).toContain('by queue');

  const events = new EventBridgeClient(clientOptions());
  const entry = { EventBusName: 'tenants', Source: 'fixture', DetailType: 'x', Detail: '{"by":"bus"}' };
  await events.send(new PutEventsCommand({ Entries: [entry] }));
  await expect.poll(() => lines.join('\n')).toContain('"by":"bus"');
});

test('an event that a function may not be sent goes to the dead letter queue of the target', async () => {
  const ruleArn = `arn:aws:events:${region}:${accountId}:rule/tenants/unpermitted`;
  const target = {
    Id: 'worker',
    Arn: { 'Fn::GetAtt': ['Worker', 'Arn'] },
    DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['Queue', 'Arn'] } },
  };
  const { Worker, Role, Queue, Dead, Bus, Rule } = resources;
  const Unpermitted = { ...Rule, Properties: { ...Rule.Properties, Name: 'unpermitted', Targets: [target] } };
  const Policy = {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: {
      Queues: [{ Ref: 'Queue' }],
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: {
          Effect: 'Allow',
          Principal: { Service: 'events.amazonaws.com' },
          Action: 'sqs:SendMessage',
          Resource: { 'Fn::GetAtt': ['Queue', 'Arn'] },
          Condition: { ArnEquals: { 'aws:SourceArn': ruleArn } },
        },
      },
    },
  };
  await deploy({ Resources: { Worker, Role, Queue, Dead, Bus, Unpermitted, Policy } });
  const events = new EventBridgeClient(clientOptions());
  const entry = { EventBusName: 'tenants', Source: 'fixture', DetailType: 'x', Detail: '{"by":"bus"}' };
  await events.send(new PutEventsCommand({ Entries: [entry] }));
  const sqs = new SQSClient(clientOptions());
  const QueueUrl = `${services.endpoint}/${accountId}/work`;
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }));
  expect(JSON.parse(Messages[0]?.Body ?? '{}')).toMatchObject({ detail: { by: 'bus' } });
  expect(lines).toEqual([]);
});

test('deploying again keeps data and brings settings up to date', async () => {
  await deploy({ Resources: { Queue: resources.Queue, Dead: resources.Dead, Table: resources.Table } });
  const sqs = new SQSClient(clientOptions());
  const QueueUrl = `${services.endpoint}/000000000000/work`;
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'kept' }));
  const dynamodb = new DynamoDBClient(clientOptions());
  await dynamodb.send(new PutItemCommand({ TableName: 'state', Item: { pk: { S: 'kept' } } }));

  const Queue = {
    ...resources.Queue,
    Properties: { ...resources.Queue.Properties, VisibilityTimeout: 45 },
  };
  await deploy({ Resources: { Queue, Dead: resources.Dead, Table: resources.Table } });
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  expect(Attributes).toMatchObject({ ApproximateNumberOfMessages: '1', VisibilityTimeout: '45' });
  expect(JSON.parse(Attributes?.['RedrivePolicy'] ?? '')).toMatchObject({ maxReceiveCount: 2 });
  const key = { TableName: 'state', Key: { pk: { S: 'kept' } } };
  expect((await dynamodb.send(new GetItemCommand(key))).Item).toBeDefined();
});

test('a resource whose condition does not hold is not created, not even looked at', async () => {
  const { outputs } = await deploy({
    Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } },
    Resources: { Dead: resources.Dead, Unknown: { Type: 'X', Condition: 'Never' } },
    Outputs: { Unknown: { Value: { Ref: 'Unknown' }, Condition: 'Never' } },
  });
  expect(outputs).toEqual({});
});

describe('refused, naming the resource', () => {
  test.each([
    ['a resource type that is not implemented', { Type: 'AWS::SNS::Topic' }],
    ['a property that would be ignored', { Type: 'AWS::SQS::Queue', Properties: { Colour: 'red' } }],
    [
      'a runtime that is not Node 24',
      { ...worker, Properties: { ...worker.Properties, Runtime: 'python3.13' } },
    ],
    [
      'a variable that Lambda sets itself',
      { ...worker, Properties: { ...worker.Properties, Environment: { Variables: { AWS_REGION: 'x' } } } },
    ],
    [
      'a managed policy that is not known',
      {
        ...role,
        Properties: {
          ...role.Properties,
          ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'],
        },
      },
    ],
    [
      'a cron schedule',
      { Type: 'AWS::Events::Rule', Properties: { ScheduleExpression: 'cron(0 12 * * ? *)', Targets: [] } },
    ],
    [
      'an event source that is no queue',
      {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          EventSourceArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
          FunctionName: 'worker',
        },
      },
    ],
  ])('%s', async (_, Culprit) => {
    const { Queue, Dead, Role, Worker } = resources;
    await expect(deploy({ Resources: { Queue, Dead, Role, Worker, Culprit } })).rejects.toMatchObject({
      code: 'ERR_STACK',
      logicalId: 'Culprit',
    });
  });

  test('a queue whose messages would reappear while the function still runs', async () => {
    const Worker = { ...worker, Properties: { ...worker.Properties, Timeout: 31 } };
    await expect(deploy({ Resources: { ...resources, Worker } })).rejects.toMatchObject({
      code: 'ERR_STACK',
      logicalId: 'Mapping',
    });
  });

  test('a mapping whose role may not read the queue', async () => {
    const Role = { ...role, Properties: { ...role.Properties, Policies: [] } };
    await expect(deploy({ Resources: { ...resources, Role } })).rejects.toMatchObject({
      code: 'ERR_STACK',
      logicalId: 'Mapping',
    });
  });
});
