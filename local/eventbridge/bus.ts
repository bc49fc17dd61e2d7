/** Buses with their rules, targets and policies, per account and region, in one small file. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { PolicyDocument } from '../iam/authorizer.ts';
import { AwsError, type Caller } from '../front/service.ts';

export interface Target {
  readonly Id: string;
  readonly Arn: string;
  readonly RoleArn?: string;
  readonly DeadLetterConfig?: { readonly Arn?: string };
}

export interface Rule {
  readonly name: string;
  readonly eventPattern: string;
  readonly state: 'ENABLED' | 'DISABLED';
  readonly description?: string;
  readonly roleArn?: string;
  readonly targets: readonly Target[];
}

export interface Bus {
  readonly arn: string;
  readonly name: string;
  readonly accountId: string;
  readonly region: string;
  readonly description?: string;
  readonly policy?: PolicyDocument;
  readonly rules: Readonly<Record<string, Rule>>;
}

export interface Buses {
  /** Returns a bus. The default bus of an account and region always exists, any other once it is created. */
  find(arn: string): Bus | undefined;
  list(accountId: string, region: string): readonly Bus[];
  put(bus: Bus): void;
  remove(arn: string): void;
}

/** Opens the buses. Without `file` they stay in memory. */
export function openBuses(file: string | undefined): Buses {
  const buses = new Map<string, Bus>(file === undefined ? [] : load(file).map((bus) => [bus.arn, bus]));
  const save = (): void => {
    if (file === undefined) return;
    writeFileSync(`${file}.new`, JSON.stringify([...buses.values()]));
    renameSync(`${file}.new`, file);
  };
  const find = (arn: string): Bus | undefined => buses.get(arn) ?? defaultBus(arn);
  return {
    find,
    list(accountId, region) {
      const others = [...buses.values()].filter(
        (bus) => bus.accountId === accountId && bus.region === region,
      );
      const first = find(busArn(region, accountId, 'default'));
      return [...(first === undefined ? [] : [first]), ...others.filter(({ name }) => name !== 'default')];
    },
    put(bus) {
      buses.set(bus.arn, bus);
      save();
    },
    remove(arn) {
      buses.delete(arn);
      save();
    },
  };
}

export function busArn(region: string, accountId: string, name: string): string {
  return `arn:aws:events:${region}:${accountId}:event-bus/${name}`;
}

export function ruleArn({ region, accountId, name }: Bus, rule: string): string {
  return `arn:aws:events:${region}:${accountId}:rule/${name === 'default' ? '' : `${name}/`}${rule}`;
}

export function isBusArn(arn: string): boolean {
  return /^arn:aws:events:[^:]+:\d{12}:event-bus\//.test(arn);
}

/**
 * Returns the ARN of a bus that is given by name (of the caller's account), by ARN, or not at all (the default
 * bus).
 */
export function busArnOf(nameOrArn: string | undefined, { principal, region }: Caller): string {
  if (nameOrArn !== undefined && isBusArn(nameOrArn)) return nameOrArn;
  return busArn(region, principal.accountId, nameOrArn ?? 'default');
}

/** @throws ResourceNotFoundException */
export function requireBus(buses: Buses, arn: string): Bus {
  const bus = buses.find(arn);
  if (bus === undefined) throw notFound(`Event bus ${arn.split('/')[1] ?? arn} does not exist.`);
  return bus;
}

/** @throws ResourceNotFoundException */
export function requireRule(bus: Bus, name: string): Rule {
  const rule = bus.rules[name];
  if (rule === undefined) throw notFound(`Rule ${name} does not exist on EventBus ${bus.name}.`);
  return rule;
}

function notFound(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', 400, message);
}

function defaultBus(arn: string): Bus | undefined {
  const [, region, accountId] = /^arn:aws:events:([^:]+):(\d{12}):event-bus\/default$/.exec(arn) ?? [];
  if (region === undefined || accountId === undefined) return undefined;
  return { arn, name: 'default', accountId, region, rules: {} };
}

function load(file: string): readonly Bus[] {
  try {
    const buses: readonly Bus[] = JSON.parse(readFileSync(file, 'utf8'));
    return buses;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
