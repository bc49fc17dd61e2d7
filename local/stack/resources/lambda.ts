/** AWS::Lambda::Function, ::Permission, ::EventInvokeConfig and ::EventSourceMapping. */
import * as z from 'zod';
import type { PolicyStatement } from '../../iam/authorizer.ts';
import { DEFAULT_ASYNC_INVOKE } from '../../lambda/function.ts';
import { reservedNames } from '../../lambda/sandbox-environment.ts';
import {
  boolean,
  type CreateResource,
  type FunctionDraft,
  integer,
  physicalName,
  propertiesSchema,
  type StackContext,
} from './resource.ts';
import { checkMapping } from './event-source.ts';

const queueArn = z.string().startsWith('arn:aws:sqs:', 'only SQS queues are implemented');

const functionProperties = propertiesSchema(
  {
    // The code lies in the code folder, where `sls package` left it. S3 would only hold a copy.
    Code: z.unknown().optional(),
    DeadLetterConfig: z.strictObject({ TargetArn: queueArn }).optional(),
    Environment: z
      .strictObject({
        Variables: z
          .record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String))
          .refine((variables) => reservedNames(variables).length === 0, {
            error: ({ input }) =>
              `Lambda sets these variables itself: ${reservedNames(Object(input)).join(', ')}`,
          }),
      })
      .default({ Variables: {} }),
    FunctionName: z.string().optional(),
    Handler: z.string(),
    MemorySize: integer.pipe(z.number().min(128).max(10_240)).default(128),
    ReservedConcurrentExecutions: integer.pipe(z.number().min(1)).optional(),
    Role: z.string(),
    Runtime: z.literal('nodejs24.x'),
    Timeout: integer.pipe(z.number().min(1).max(900)).default(3),
  },
  [
    'Architectures',
    'Description',
    'EphemeralStorage',
    'KmsKeyArn',
    'LoggingConfig',
    'PackageType',
    'Tags',
    'TracingConfig',
  ],
);

const permissionProperties = propertiesSchema({
  Action: z.literal('lambda:InvokeFunction'),
  FunctionName: z.string(),
  Principal: z.string(),
  SourceAccount: z.string().optional(),
  SourceArn: z.string().optional(),
});

const destination = z.strictObject({ Destination: queueArn }).optional();
const invokeConfigProperties = propertiesSchema({
  DestinationConfig: z.strictObject({ OnFailure: destination, OnSuccess: destination }).default({}),
  FunctionName: z.string(),
  MaximumEventAgeInSeconds: integer.pipe(z.number().min(60).max(21_600)).optional(),
  MaximumRetryAttempts: integer.pipe(z.number().min(0).max(2)).optional(),
  Qualifier: z.literal('$LATEST'),
});

const mappingProperties = propertiesSchema(
  {
    BatchSize: integer.pipe(z.number().min(1).max(10_000)).default(10),
    Enabled: boolean.default(true),
    EventSourceArn: queueArn,
    FunctionName: z.string(),
    FunctionResponseTypes: z.array(z.literal('ReportBatchItemFailures')).default([]),
    MaximumBatchingWindowInSeconds: integer.pipe(z.number().min(0).max(300)).default(0),
    ScalingConfig: z
      .strictObject({ MaximumConcurrency: integer.pipe(z.number().min(2).max(1000)) })
      .optional(),
  },
  ['Tags'],
);

export const createFunction: CreateResource = async (logicalId, properties, context) => {
  const parsed = functionProperties.parse(properties);
  const name = parsed.FunctionName ?? physicalName(logicalId, context);
  const arn = functionArn(name, context);
  const fn = {
    name,
    arn,
    roleArn: parsed.Role,
    handler: parsed.Handler,
    codeFolder: context.codeFolder,
    timeoutSeconds: parsed.Timeout,
    memoryMegabytes: parsed.MemorySize,
    environment: parsed.Environment.Variables,
    asyncInvoke: { ...DEFAULT_ASYNC_INVOKE, deadLetterArn: parsed.DeadLetterConfig?.TargetArn },
  };
  const reservedConcurrency = parsed.ReservedConcurrentExecutions ?? Infinity;
  context.functions.set(arn, { fn, reservedConcurrency, permissions: [] });
  return { ref: name, attributes: { Arn: arn } };
};

export const createPermission: CreateResource = async (logicalId, properties, context) => {
  const { Principal, SourceAccount, SourceArn, ...named } = permissionProperties.parse(properties);
  const draft = draftOf(named.FunctionName, context);
  const statement: PolicyStatement = {
    Effect: 'Allow',
    Principal: { [Principal.endsWith('.amazonaws.com') ? 'Service' : 'AWS']: Principal },
    Action: 'lambda:InvokeFunction',
    Resource: draft.fn.arn,
    Condition: {
      ...(SourceAccount && { StringEquals: { 'aws:SourceAccount': SourceAccount } }),
      ...(SourceArn && { ArnLike: { 'aws:SourceArn': SourceArn } }),
    },
  };
  replace({ ...draft, permissions: [...draft.permissions, statement] }, context);
  return { ref: physicalName(logicalId, context), attributes: {} };
};

export const createEventInvokeConfig: CreateResource = async (logicalId, properties, context) => {
  const parsed = invokeConfigProperties.parse(properties);
  const draft = draftOf(parsed.FunctionName, context);
  const asyncInvoke = {
    ...draft.fn.asyncInvoke,
    maximumEventAgeSeconds: parsed.MaximumEventAgeInSeconds ?? DEFAULT_ASYNC_INVOKE.maximumEventAgeSeconds,
    maximumRetryAttempts: parsed.MaximumRetryAttempts ?? DEFAULT_ASYNC_INVOKE.maximumRetryAttempts,
    onFailureArn: parsed.DestinationConfig.OnFailure?.Destination,
    onSuccessArn: parsed.DestinationConfig.OnSuccess?.Destination,
  };
  replace({ ...draft, fn: { ...draft.fn, asyncInvoke } }, context);
  return { ref: physicalName(logicalId, context), attributes: {} };
};

export const createEventSourceMapping: CreateResource = async (logicalId, properties, context) => {
  const parsed = mappingProperties.parse(properties);
  const { fn } = draftOf(parsed.FunctionName, context);
  const mapping = {
    queueArn: parsed.EventSourceArn,
    batchSize: parsed.BatchSize,
    maximumBatchingWindowSeconds: parsed.MaximumBatchingWindowInSeconds,
    maximumConcurrency: parsed.ScalingConfig?.MaximumConcurrency,
    reportBatchItemFailures: parsed.FunctionResponseTypes.length > 0,
  };
  await checkMapping(mapping, fn, context.endpoint);
  if (parsed.Enabled) context.mappings.push({ functionArn: fn.arn, mapping });
  return { ref: physicalName(logicalId, context), attributes: {} };
};

function draftOf(nameOrArn: string, context: StackContext): FunctionDraft {
  const arn = nameOrArn.startsWith('arn:') ? nameOrArn : functionArn(nameOrArn, context);
  const draft = context.functions.get(arn);
  if (!draft) throw new Error(`Function not found: ${arn}`);
  return draft;
}

function replace(draft: FunctionDraft, { functions }: StackContext): void {
  functions.set(draft.fn.arn, draft);
}

function functionArn(name: string, { region, accountId }: StackContext): string {
  return `arn:aws:lambda:${region}:${accountId}:function:${name}`;
}
