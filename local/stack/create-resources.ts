/** Creates the resources of a template one after another, in the order of their references. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import type { Roles } from '../iam/roles.ts';
import { INERT_LOGICAL_IDS, inertResource, INERT_TYPES } from './resources/inert.ts';
import { type Created, holds, resolve, type Scope } from './template/intrinsics.ts';
import type { PackagedStack } from './package.ts';
import type { CreateResource, StackClients, StackContext } from './resources/resource.ts';
import { createTable } from './resources/dynamodb.ts';
import { createEventBus, createEventBusPolicy, createRule } from './resources/events.ts';
import { createPolicy, createRole } from './resources/iam.ts';
import {
  createEventInvokeConfig,
  createEventSourceMapping,
  createFunction,
  createPermission,
} from './resources/lambda.ts';
import { createBucket, createBucketPolicy } from './resources/s3.ts';
import { createQueue, createQueuePolicy } from './resources/sqs.ts';
import { StackError } from './template/stack-error.ts';
import { creationOrder, type Template, type TemplateResource } from './template/template.ts';

/** The parts of a stack that start when every resource exists. */
export interface CreatedStack extends Pick<StackContext, 'functions' | 'mappings' | 'schedules'> {
  readonly outputs: Readonly<Record<string, string>>;
}

export interface CreateOptions {
  readonly endpoint: string;
  readonly accountId: string;
  readonly region: string;
  readonly roles: Roles;
}

const RESOURCE_TYPES: Readonly<Record<string, CreateResource>> = {
  'AWS::DynamoDB::Table': createTable,
  'AWS::Events::EventBus': createEventBus,
  'AWS::Events::EventBusPolicy': createEventBusPolicy,
  'AWS::Events::Rule': createRule,
  'AWS::IAM::Policy': createPolicy,
  'AWS::IAM::Role': createRole,
  'AWS::Lambda::EventInvokeConfig': createEventInvokeConfig,
  'AWS::Lambda::EventSourceMapping': createEventSourceMapping,
  'AWS::Lambda::Function': createFunction,
  'AWS::Lambda::Permission': createPermission,
  'AWS::S3::Bucket': createBucket,
  'AWS::S3::BucketPolicy': createBucketPolicy,
  'AWS::SQS::Queue': createQueue,
  'AWS::SQS::QueuePolicy': createQueuePolicy,
};

/**
 * Creates every resource.
 * @throws StackError that names the resource at fault. An unknown type is found before anything is created
 */
export async function createResources(stack: PackagedStack, options: CreateOptions): Promise<CreatedStack> {
  const created = new Map<string, Created>();
  const { template } = stack;
  const scope: Scope = { template, created, pseudoParameters: pseudoParameters(stack.stackName, options) };
  const resources = wantedResources(template, scope);
  for (const [id, { Type }] of resources) assertKnown(id, Type);
  const context = createContext(stack, options);
  try {
    for (const [id, resource] of resources) created.set(id, await create(id, resource, scope, context));
  } finally {
    for (const client of Object.values(context.clients)) client.destroy();
  }
  return { ...context, outputs: outputsOf(template, scope) };
}

/** Returns the resources in the order of creation, without those whose condition does not hold. */
function wantedResources(template: Template, scope: Scope): (readonly [string, TemplateResource])[] {
  return creationOrder(template).flatMap((id) => {
    const resource = template.Resources[id];
    const wanted = resource && (resource.Condition === undefined || holds(resource.Condition, scope));
    return wanted ? [[id, resource]] : [];
  });
}

function assertKnown(id: string, type: string): void {
  if (!INERT_LOGICAL_IDS.has(id) && !(type in INERT_TYPES) && !(type in RESOURCE_TYPES))
    throw new StackError(id, `Resource type ${type} is not implemented`);
}

async function create(
  id: string,
  { Type, Properties }: TemplateResource,
  scope: Scope,
  context: StackContext,
): Promise<Created> {
  try {
    const properties = Object(resolve(Properties, scope));
    const createResource = INERT_LOGICAL_IDS.has(id) ? undefined : RESOURCE_TYPES[Type];
    if (!createResource) return inertResource(id, { type: Type, properties }, context);
    return await createResource(id, properties, context);
  } catch (error) {
    throw new StackError(id, `${Type}: ${reasonOf(error)}`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function outputsOf(template: Template, scope: Scope): Record<string, string> {
  return Object.fromEntries(
    Object.entries(template.Outputs)
      .filter(([, { Condition }]) => Condition === undefined || holds(Condition, scope))
      .map(([name, { Value }]) => {
        const value = resolve(Value, scope);
        return [name, typeof value === 'string' ? value : JSON.stringify(value)];
      }),
  );
}

function createContext({ stackName, codeFolder }: PackagedStack, options: CreateOptions): StackContext {
  return {
    ...options,
    stackName,
    codeFolder,
    clients: createClients(options),
    functions: new Map(),
    mappings: [],
    schedules: [],
    busStatements: new Map(),
  };
}

function createClients({ endpoint, accountId, region }: CreateOptions): StackClients {
  const credentials = { accessKeyId: accountId, secretAccessKey: 'local' };
  const configuration = { endpoint, region, credentials };
  return {
    s3: new S3Client({ ...configuration, forcePathStyle: true }),
    sqs: new SQSClient(configuration),
    dynamodb: new DynamoDBClient(configuration),
    events: new EventBridgeClient(configuration),
  };
}

function pseudoParameters(stackName: string, { accountId, region }: CreateOptions): Record<string, string> {
  return {
    'AWS::AccountId': accountId,
    'AWS::Partition': 'aws',
    'AWS::Region': region,
    'AWS::StackName': stackName,
    'AWS::URLSuffix': 'amazonaws.com',
  };
}
