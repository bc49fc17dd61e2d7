/** `tenant remove`: asks until a tenant is removed, step by step. Stopped anywhere, it goes on when asked again. */
import type { Command } from 'commander';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import type { Removed } from '../../shared/offboarding/remove.ts';
import { removedSchema } from './answers.ts';
import { UsageError } from '../session/failure.ts';
import type { Outcome, Perform, Session } from '../session/session.ts';
import { aboutTenant, examples, type TenantOption, tenantOf } from './arguments.ts';
import { describeProgress, describeRemoved, type Destruction, fateOf, isIncomplete } from './removal.ts';

interface Options extends TenantOption, Destruction {
  readonly signedOffBy: string;
  readonly drain: boolean;
  readonly yes: boolean;
}

/** Between two invocations: work that is in flight needs it to end. */
const PAUSE_MS = 2_000;

export function addRemove(parent: Command, perform: Perform): void {
  const command = aboutTenant(parent.command('remove'))
    .description(
      'remove a tenant: close its intake, seal what is planned, drop its keys. What is in the vault stays, and the ' +
        'tenant can read it with its KMS key, unless told otherwise. Asked again it goes on where it was stopped; ' +
        'an id that was never active is forgotten, and can be used again',
    )
    .requiredOption('--signed-off-by <name>', 'who answers for it; kept in the summary')
    .option('--no-drain', 'seal nothing more: what waits stays where it is')
    .option(
      '--delete-ciphertext',
      'delete all of the tenant in the vault, and its branch keys: nobody can read it again',
      false,
    )
    .option(
      '--shred-branch-keys',
      'keep the ciphertext, and shred the branch keys: nobody can read again what they wrapped',
      false,
    )
    .option('--yes', 'do not ask for the id again; needed where nobody can be asked', false);
  examples(
    command,
    'remove --tenant acme --signed-off-by "Ada Lovelace"',
    'remove acme --signed-off-by ticket-4711 --no-drain --delete-ciphertext --yes',
  ).action(async (argument: TenantId | undefined, options: Options) => {
    await perform(async (session) => await removeTenant(tenantOf(argument, options), options, session));
  });
}

async function removeTenant(tenantId: TenantId, options: Options, session: Session): Promise<Outcome> {
  if (!options.yes) await confirm(tenantId, options, session);
  const removed = await removedInTime(tenantId, options, session);
  const ok = removed.done && !isIncomplete(removed, options);
  return { ok, answer: removed, text: describeRemoved(removed, options) };
}

/** Until it is done, or cannot go on by itself. */
async function removedInTime(
  tenantId: TenantId,
  { signedOffBy, drain, deleteCiphertext, shredBranchKeys }: Options,
  { controlPlane, terminal }: Session,
): Promise<Removed> {
  const event = { action: 'remove', tenantId, signedOffBy, drain, deleteCiphertext, shredBranchKeys };
  let said: string | undefined;
  for (;;) {
    const removed = await controlPlane.invoke('offboard', event, removedSchema);
    if (removed.done || removed.blocked !== undefined) return removed;
    const progress = describeProgress(removed);
    if (progress !== said) terminal.note(progress);
    said = progress;
    await terminal.pause(PAUSE_MS);
  }
}

/** @throws UsageError unless the tenant's id is typed */
async function confirm(
  tenantId: TenantId,
  options: Options,
  { terminal }: Pick<Session, 'terminal'>,
): Promise<void> {
  if (terminal.ask === undefined)
    throw new UsageError(`removing ${tenantId} needs --yes where nobody can be asked`);
  const waiting = options.drain ? '' : ' What waits to be sealed stays in the ingest bucket, unsealed.';
  const question = `Removing ${tenantId} cannot be undone: ${fateOf(options)}.${waiting} Type the tenant's id to go on: `;
  if ((await terminal.ask(question)).trim() !== tenantId)
    throw new UsageError(`that is not ${tenantId}; nothing was changed`);
}
