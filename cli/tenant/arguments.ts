/** The arguments and options that several commands have. */
import { type Command, InvalidArgumentError } from 'commander';
import { UsageError } from '../session/failure.ts';
import { type TenantId, tenantIdSchema } from '../../shared/tenant/tenant-id.ts';

export interface TenantOption {
  readonly tenant?: TenantId;
}

/** Lets a command take a tenant, as `acme` or `--tenant acme`. */
export function aboutTenant(command: Command): Command {
  return command
    .argument('[tenant]', "the tenant's id, as an argument or an option", parseTenantId)
    .option('--tenant <id>', "the tenant's id", parseTenantId);
}

/**
 * Returns the tenant that is named.
 * @throws UsageError unless exactly one tenant is named
 */
export function tenantOf(argument: TenantId | undefined, { tenant }: TenantOption): TenantId {
  const named = argument ?? tenant;
  if (named === undefined) throw new UsageError('name the tenant: --tenant ID');
  if (tenant !== undefined && tenant !== named)
    throw new UsageError(`name one tenant, not ${named} and ${tenant}`);
  return named;
}

/** Adds examples to a command's help. */
export function addExamples(command: Command, ...lines: readonly string[]): Command {
  const shown = lines.map((line) => `  $ npx sealstream tenant ${line}`);
  return command.addHelpText('after', `\nExamples:\n${shown.join('\n')}`);
}

/** Collects the values of an option that may be given several times. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

/** Parses a number of seconds. */
export function keyAgeSeconds(text: string): number {
  if (/^\d{1,4}$/u.test(text) && Number(text) <= 3600) return Number(text);
  throw new InvalidArgumentError('It must be a number of seconds, 0 to 3600.');
}

function parseTenantId(text: string): TenantId {
  const parsed = tenantIdSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError('A tenant id is 1 to 63 of a-z, 0-9 and -.');
}
