/** The operations on rules and their targets. */
import * as z from 'zod';
import { notImplemented, readInput } from '../front/operation-input.ts';
import { AwsError, type Caller } from '../front/service.ts';
import { type Bus, requireRule, type Rule, ruleArn, type Target } from './bus.ts';
import { authorisedBus, type EventsContext, type EventsOperation, validationException } from './operation.ts';
import { compilePattern } from './pattern.ts';

const EventBusName = z.string().optional();
const targetSchema: z.ZodType<Target> = z.strictObject({
  Id: z.string(),
  Arn: z.string(),
  RoleArn: z.string().optional(),
  DeadLetterConfig: z.strictObject({ Arn: z.string().optional() }).optional(),
});
const SCHEMAS = {
  put: z.strictObject({
    Name: z.string().regex(/^[\w.-]{1,64}$/),
    EventPattern: z.string().optional(),
    ScheduleExpression: z.string().optional(),
    State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
    Description: z.string().optional(),
    RoleArn: z.string().optional(),
    EventBusName,
  }),
  name: z.strictObject({ Name: z.string(), EventBusName, Force: z.boolean().optional() }),
  list: z.strictObject({ NamePrefix: z.string().default(''), EventBusName }),
  putTargets: z.strictObject({ Rule: z.string(), EventBusName, Targets: z.array(targetSchema).min(1) }),
  removeTargets: z.strictObject({
    Rule: z.string(),
    EventBusName,
    Ids: z.array(z.string()).min(1),
    Force: z.boolean().optional(),
  }),
  rule: z.strictObject({ Rule: z.string(), EventBusName }),
  test: z.strictObject({ EventPattern: z.string(), Event: z.string() }),
};
/** AWS's default quota of targets of one rule. */
const MAX_TARGETS = 5;

export const RULE_OPERATIONS: Readonly<Record<string, EventsOperation>> = {
  PutRule(context, input, caller) {
    const { Name, EventPattern, ...rule } = readInput(SCHEMAS.put, input, validationException);
    if (rule.ScheduleExpression !== undefined) throw notImplemented('Rules with a ScheduleExpression');
    if (EventPattern === undefined)
      throw validationException('Parameter(s) EventPattern or ScheduleExpression must be specified.');
    compilePattern(EventPattern);
    const bus = authorisedBus(context, rule.EventBusName, {
      action: 'PutRule',
      caller,
      resourceOf: (on) => ruleArn(on, Name),
    });
    putRule(context, bus, {
      name: Name,
      eventPattern: EventPattern,
      state: rule.State,
      description: rule.Description,
      roleArn: rule.RoleArn,
      targets: bus.rules[Name]?.targets ?? [],
    });
    return { RuleArn: ruleArn(bus, Name) };
  },
  DeleteRule(context, input, caller) {
    const { Name, EventBusName: busName } = readInput(SCHEMAS.name, input, validationException);
    const bus = authorisedBus(context, busName, {
      action: 'DeleteRule',
      caller,
      resourceOf: (on) => ruleArn(on, Name),
    });
    if ((bus.rules[Name]?.targets.length ?? 0) > 0)
      throw validationException("Rule can't be deleted since it has targets.");
    const { [Name]: _deleted, ...rules } = bus.rules;
    context.buses.put({ ...bus, rules });
    return {};
  },
  EnableRule: (context, input, caller) => setState(context, input, caller, 'ENABLED'),
  DisableRule: (context, input, caller) => setState(context, input, caller, 'DISABLED'),
  DescribeRule(context, input, caller) {
    const { Name, EventBusName: busName } = readInput(SCHEMAS.name, input, validationException);
    const [bus, rule] = authorisedRule(context, busName, Name, 'DescribeRule', caller);
    return { ...describe(bus, rule), CreatedBy: bus.accountId };
  },
  ListRules(context, input, caller) {
    const { NamePrefix, EventBusName: busName } = readInput(SCHEMAS.list, input, validationException);
    const bus = authorisedBus(context, busName, {
      action: 'ListRules',
      caller,
      resourceOf: (on) => ruleArn(on, '*'),
    });
    const rules = Object.values(bus.rules).filter(({ name }) => name.startsWith(NamePrefix));
    return { Rules: rules.map((rule) => describe(bus, rule)) };
  },
  PutTargets(context, input, caller) {
    const { Rule: name, Targets, ...rest } = readInput(SCHEMAS.putTargets, input, validationException);
    const [bus, rule] = authorisedRule(context, rest.EventBusName, name, 'PutTargets', caller);
    const targets = new Map([...rule.targets, ...Targets].map((target) => [target.Id, target]));
    if (targets.size > MAX_TARGETS)
      throw new AwsError(
        'LimitExceededException',
        400,
        'The requested resource exceeds the maximum number allowed.',
      );
    putRule(context, bus, { ...rule, targets: [...targets.values()] });
    return { FailedEntryCount: 0, FailedEntries: [] };
  },
  RemoveTargets(context, input, caller) {
    const { Rule: name, Ids, ...rest } = readInput(SCHEMAS.removeTargets, input, validationException);
    const [bus, rule] = authorisedRule(context, rest.EventBusName, name, 'RemoveTargets', caller);
    putRule(context, bus, { ...rule, targets: rule.targets.filter(({ Id }) => !Ids.includes(Id)) });
    return { FailedEntryCount: 0, FailedEntries: [] };
  },
  ListTargetsByRule(context, input, caller) {
    const { Rule: name, EventBusName: busName } = readInput(SCHEMAS.rule, input, validationException);
    const [, rule] = authorisedRule(context, busName, name, 'ListTargetsByRule', caller);
    return { Targets: rule.targets };
  },
  TestEventPattern(_context, input) {
    const { EventPattern, Event } = readInput(SCHEMAS.test, input, validationException);
    return { Result: compilePattern(EventPattern)(parseEvent(Event)) };
  },
};

function parseEvent(json: string): object {
  try {
    const event: unknown = JSON.parse(json);
    if (typeof event === 'object' && event !== null) return event;
  } catch {
    // Text that is no JSON gets the same answer as any other that is no event.
  }
  throw validationException('Parameter Event is not valid.');
}

function setState(
  context: EventsContext,
  input: Readonly<Record<string, unknown>>,
  caller: Caller,
  state: Rule['state'],
): object {
  const { Name, EventBusName: busName } = readInput(SCHEMAS.name, input, validationException);
  const action = state === 'ENABLED' ? 'EnableRule' : 'DisableRule';
  const [bus, rule] = authorisedRule(context, busName, Name, action, caller);
  putRule(context, bus, { ...rule, state });
  return {};
}

function authorisedRule(
  context: EventsContext,
  busName: string | undefined,
  name: string,
  action: string,
  caller: Caller,
): readonly [Bus, Rule] {
  const bus = authorisedBus(context, busName, { action, caller, resourceOf: (on) => ruleArn(on, name) });
  return [bus, requireRule(bus, name)];
}

function putRule({ buses }: EventsContext, bus: Bus, rule: Rule): void {
  buses.put({ ...bus, rules: { ...bus.rules, [rule.name]: rule } });
}

function describe(bus: Bus, { name, eventPattern, state, description, roleArn }: Rule): object {
  return {
    Name: name,
    Arn: ruleArn(bus, name),
    EventPattern: eventPattern,
    State: state,
    Description: description,
    RoleArn: roleArn,
    EventBusName: bus.name,
  };
}
