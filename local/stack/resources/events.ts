/** AWS::Events::EventBus, ::EventBusPolicy and ::Rule. */
import {
  CreateEventBusCommand,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
  ResourceAlreadyExistsException,
} from '@aws-sdk/client-eventbridge';
import * as z from 'zod';
import { rateMs } from '../../lambda/schedule.ts';
import {
  type CreateResource,
  physicalName,
  policyStatement,
  propertiesSchema,
  type StackContext,
} from './resource.ts';

const busProperties = propertiesSchema({ Name: z.string() }, ['Description', 'Tags']);
const busPolicyProperties = propertiesSchema({
  EventBusName: z.string().default('default'),
  Statement: policyStatement,
  StatementId: z.string(),
});

const target = z.strictObject({
  Arn: z.string(),
  DeadLetterConfig: z.strictObject({ Arn: z.string() }).optional(),
  Id: z.string(),
  Input: z.string().optional(),
  RoleArn: z.string().optional(),
});
const ruleProperties = propertiesSchema(
  {
    EventBusName: z.string().default('default'),
    EventPattern: z.looseObject({}).optional(),
    Name: z.string().optional(),
    ScheduleExpression: z.string().optional(),
    State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
    Targets: z.array(target).default([]),
  },
  ['Description', 'Tags'],
);

type RuleProperties = z.infer<typeof ruleProperties>;

export const createEventBus: CreateResource = async (_, properties, context) => {
  const { Name } = busProperties.parse(properties);
  try {
    await context.clients.events.send(new CreateEventBusCommand({ Name }));
  } catch (error) {
    if (!(error instanceof ResourceAlreadyExistsException)) throw error;
  }
  const Arn = `arn:aws:events:${context.region}:${context.accountId}:event-bus/${Name}`;
  return { ref: Name, attributes: { Arn, Name } };
};

export const createEventBusPolicy: CreateResource = async (logicalId, properties, context) => {
  const { EventBusName, Statement, StatementId } = busPolicyProperties.parse(properties);
  const statements = [...(context.busStatements.get(EventBusName) ?? []), { ...Statement, Sid: StatementId }];
  context.busStatements.set(EventBusName, statements);
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  await context.clients.events.send(new PutPermissionCommand({ EventBusName, Policy }));
  return { ref: physicalName(logicalId, context), attributes: {} };
};

export const createRule: CreateResource = async (logicalId, properties, context) => {
  const rule = ruleProperties.parse(properties);
  const { EventBusName, Name = physicalName(logicalId, context) } = rule;
  const isDefault = EventBusName === 'default';
  const path = isDefault ? Name : `${EventBusName}/${Name}`;
  const Arn = `arn:aws:events:${context.region}:${context.accountId}:rule/${path}`;
  if (rule.ScheduleExpression !== undefined) addSchedules(Arn, rule.ScheduleExpression, rule, context);
  if (rule.EventPattern) await putRule(Name, rule, context);
  return { ref: isDefault ? Name : `${EventBusName}|${Name}`, attributes: { Arn } };
};

/** Adds schedules. They run in the local Lambda, so only the stack's own functions can be their targets. */
function addSchedules(
  ruleArn: string,
  expression: string,
  { State, Targets }: RuleProperties,
  { schedules, functions }: StackContext,
): void {
  const everyMs = rateMs(expression);
  for (const { Arn: functionArn, Input } of Targets) {
    if (!functions.has(functionArn))
      throw new Error(`A schedule with the target ${functionArn} is not implemented`);
    const input = Input === undefined ? undefined : Object(JSON.parse(Input));
    if (State === 'ENABLED') schedules.push({ ruleArn, everyMs, functionArn, input });
  }
}

async function putRule(
  Name: string,
  { EventBusName, EventPattern, State, Targets }: RuleProperties,
  { clients: { events } }: StackContext,
): Promise<void> {
  await events.send(
    new PutRuleCommand({ Name, EventBusName, EventPattern: JSON.stringify(EventPattern), State }),
  );
  await events.send(new PutTargetsCommand({ Rule: Name, EventBusName, Targets }));
}
