/** The operations on buses and on their policies. */
import * as z from 'zod';
import type { PolicyDocument, PolicyStatement } from '../iam/authorizer.ts';
import { parsePolicy } from '../iam/policy-validation.ts';
import { notImplemented, readInput } from '../front/operation-input.ts';
import { AwsError } from '../front/service.ts';
import { type Bus, busArn } from './bus.ts';
import { authorisedBus, type EventsOperation, requireBusAccess, validationException } from './operation.ts';
import { putEvents } from './put-events.ts';

const SCHEMAS = {
  create: z.strictObject({ Name: z.string(), Description: z.string().optional() }),
  name: z.strictObject({ Name: z.string().optional() }),
  list: z.strictObject({ NamePrefix: z.string().default('') }),
  permit: z.strictObject({
    EventBusName: z.string().optional(),
    Policy: z.string().optional(),
    Action: z.string().optional(),
    Principal: z.string().optional(),
    StatementId: z.string().optional(),
  }),
  unpermit: z.strictObject({
    EventBusName: z.string().optional(),
    StatementId: z.string().optional(),
    RemoveAllPermissions: z.boolean().optional(),
  }),
};

export const BUS_OPERATIONS: Readonly<Record<string, EventsOperation>> = {
  PutEvents: putEvents,
  CreateEventBus(context, input, caller) {
    const { Name, Description } = readInput(SCHEMAS.create, input, validationException);
    const { accountId } = caller.principal;
    const arn = busArn(caller.region, accountId, Name);
    requireBusAccess(context, { accountId }, { action: 'CreateEventBus', caller, resource: arn });
    if (!/^[\w.-]{1,256}$/.test(Name)) throw validationException(`Event bus name ${Name} is not valid.`);
    if (context.buses.find(arn) !== undefined)
      throw new AwsError('ResourceAlreadyExistsException', 400, `Event bus ${Name} already exists.`);
    context.buses.put({
      arn,
      name: Name,
      accountId,
      region: caller.region,
      description: Description,
      rules: {},
    });
    return { EventBusArn: arn, Description };
  },
  DeleteEventBus(context, input, caller) {
    const { Name } = readInput(SCHEMAS.name, input, validationException);
    if (Name === undefined || Name === 'default')
      throw validationException('Cannot delete event bus default.');
    const bus = authorisedBus(context, Name, { action: 'DeleteEventBus', caller });
    if (Object.keys(bus.rules).length > 0)
      throw validationException(`Event bus ${bus.name} can't be deleted since it has rules.`);
    context.buses.remove(bus.arn);
    return {};
  },
  DescribeEventBus(context, input, caller) {
    const { Name } = readInput(SCHEMAS.name, input, validationException);
    return describe(authorisedBus(context, Name, { action: 'DescribeEventBus', caller }));
  },
  ListEventBuses(context, input, caller) {
    const { NamePrefix } = readInput(SCHEMAS.list, input, validationException);
    const { accountId } = caller.principal;
    requireBusAccess(
      context,
      { accountId },
      { action: 'ListEventBuses', caller, resource: busArn(caller.region, accountId, '*') },
    );
    const buses = context.buses.list(accountId, caller.region);
    return { EventBuses: buses.filter(({ name }) => name.startsWith(NamePrefix)).map(describe) };
  },
  PutPermission(context, input, caller) {
    const { EventBusName, ...permission } = readInput(SCHEMAS.permit, input, validationException);
    const bus = authorisedBus(context, EventBusName, { action: 'PutPermission', caller });
    const policy =
      permission.Policy === undefined
        ? added(bus, toStatement(bus, permission))
        : readPolicy(permission.Policy);
    context.buses.put({ ...bus, policy });
    return {};
  },
  RemovePermission(context, input, caller) {
    const { EventBusName, StatementId, RemoveAllPermissions } = readInput(
      SCHEMAS.unpermit,
      input,
      validationException,
    );
    const bus = authorisedBus(context, EventBusName, { action: 'RemovePermission', caller });
    const left =
      RemoveAllPermissions === true ? [] : statementsOf(bus).filter(({ Sid }) => Sid !== StatementId);
    if (RemoveAllPermissions !== true && left.length === statementsOf(bus).length)
      throw new AwsError('ResourceNotFoundException', 400, 'Statement with the provided id does not exist.');
    context.buses.put({ ...bus, policy: withStatements(left) });
    return {};
  },
};

function describe({ name, arn, policy, description }: Bus): object {
  return { Name: name, Arn: arn, Description: description, Policy: policy && JSON.stringify(policy) };
}

function toStatement(
  bus: Bus,
  permission: { Action?: string; Principal?: string; StatementId?: string },
): PolicyStatement {
  const { Action, Principal, StatementId } = permission;
  if (Action !== 'events:PutEvents') throw notImplemented(`PutPermission for ${Action ?? 'no action'}`);
  if (StatementId === undefined || Principal === undefined || !/^(\d{12}|\*)$/.test(Principal))
    throw validationException('StatementId and Principal, an account or *, are required.');
  const who = Principal === '*' ? '*' : { AWS: `arn:aws:iam::${Principal}:root` };
  return { Sid: StatementId, Effect: 'Allow', Principal: who, Action, Resource: bus.arn };
}

function added(bus: Bus, statement: PolicyStatement): PolicyDocument | undefined {
  return withStatements([...statementsOf(bus).filter(({ Sid }) => Sid !== statement.Sid), statement]);
}

function withStatements(Statement: readonly PolicyStatement[]): PolicyDocument | undefined {
  return Statement.length === 0 ? undefined : { Version: '2012-10-17', Statement };
}

function statementsOf({ policy }: Bus): readonly PolicyStatement[] {
  if (policy === undefined) return [];
  return 'Effect' in policy.Statement ? [policy.Statement] : policy.Statement;
}

function readPolicy(json: string): PolicyDocument {
  try {
    return parsePolicy(json, 'resource');
  } catch (cause) {
    throw Object.assign(validationException('The policy is not a valid resource policy.'), { cause });
  }
}
